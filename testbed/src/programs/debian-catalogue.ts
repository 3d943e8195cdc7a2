// The programs that come from a Debian package, because they are not Go, or their plain `go build` lacks something. Their version is that of
// the machine's Debian (or Ubuntu).

export type DebianProgramName = 'buildah' | 'promtool';

export interface DebianProgram {
  readonly name: DebianProgramName;
  readonly package: string;
  /** Of the program, inside the package. */
  readonly path: string;
}

export const DEBIAN_PROGRAMS: Readonly<Record<DebianProgramName, DebianProgram>> = {
  buildah: { name: 'buildah', package: 'buildah', path: 'usr/bin/buildah' },
  promtool: { name: 'promtool', package: 'prometheus', path: 'usr/bin/promtool' },
};
