/**
 * Whether something is mounted at a real path, also another folder of the same volume, which no device number tells. `mountInfo` is the
 * text of /proc/self/mountinfo: https://www.kernel.org/doc/Documentation/filesystems/proc.txt
 */
export const isMountPoint = (path: string, mountInfo: string): boolean =>
  mountInfo.split('\n').some((line) => unescaped(line.split(' ')[4]) === path);

/** The kernel writes blanks, line ends and backslashes as three octal digits. */
const unescaped = (text?: string): string | undefined =>
  text?.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));
