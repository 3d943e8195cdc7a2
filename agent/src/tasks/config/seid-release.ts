/** Releases of seid that treat the same configuration alike. The table of them: docs/tasks/config-apply.md. */
export const releases = ['v6.3', 'v6.4', 'v6.5', 'v6.6.0-rc1', 'v6.6'] as const;
export type Release = (typeof releases)[number];

/** `main` stands for builds between releases, and for releases that are newer than the table. */
export type Build = Release | 'main';

/** How messages name them. */
export const buildNames: Readonly<Record<Build, string>> = {
  'v6.3': 'v6.3',
  'v6.4': 'v6.4',
  'v6.5': 'v6.5',
  'v6.6.0-rc1': 'v6.6.0-rc1',
  'v6.6': 'v6.6.0-rc2 to v6.6.2',
  main: 'newer builds',
};

/** The release that a version text means; undefined for one that the table does not have. */
export const releaseOf = (version: string): Release | undefined => {
  const [, minor = '', patch = '', candidate = ''] =
    /^v?6\.(\d{1,3})\.(\d{1,3})(?:-rc\.?(\d{1,3}))?$/.exec(version) ?? [];
  if (minor === '3') return 'v6.3';
  if (minor === '4') return 'v6.4';
  if (minor === '5') return 'v6.5';
  if (minor !== '6' || Number(patch) > 2) return undefined;
  return patch === '0' && candidate === '1' ? 'v6.6.0-rc1' : 'v6.6';
};
