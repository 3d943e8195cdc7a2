// The programs that come from a Debian package, because they are not Go, or their plain `go build` lacks something. Their version is that of
// the machine's Debian (or Ubuntu).

export type DebianProgramName = 'buildah' | 'ip' | 'nft' | 'promtool' | 'runc';

export interface DebianProgram {
  readonly name: DebianProgramName;
  readonly package: string;
  /** Of the program, inside the package; a newer release has what is in /bin and /sbin below /usr. */
  readonly path: string;
}

export const DEBIAN_PROGRAMS: Readonly<Record<DebianProgramName, DebianProgram>> = {
  buildah: { name: 'buildah', package: 'buildah', path: 'usr/bin/buildah' },
  ip: { name: 'ip', package: 'iproute2', path: 'bin/ip' },
  nft: { name: 'nft', package: 'nftables', path: 'usr/sbin/nft' },
  promtool: { name: 'promtool', package: 'prometheus', path: 'usr/bin/promtool' },
  runc: { name: 'runc', package: 'runc', path: 'usr/sbin/runc' },
};
