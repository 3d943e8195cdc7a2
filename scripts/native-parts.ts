/** Libraries that are compiled into a package of npm: neither npm nor esbuild knows of them. */
export interface NativePart {
  /** The package. */
  readonly of: string;
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** With the licence in full, in the package. */
  readonly licenceFile: string;
  readonly purl: string;
}

export const nativeParts: readonly NativePart[] = [
  {
    of: 'classic-level',
    name: 'leveldb',
    version: '1.20',
    licence: 'BSD-3-Clause',
    licenceFile: 'deps/leveldb/leveldb-1.20/LICENSE',
    purl: 'pkg:github/google/leveldb@v1.20',
  },
  {
    of: 'classic-level',
    name: 'snappy',
    version: '1.1.4',
    licence: 'BSD-3-Clause',
    licenceFile: 'deps/snappy/snappy/COPYING',
    purl: 'pkg:github/google/snappy@1.1.4',
  },
];
