import type { ImageConfig } from '../image-store.ts';

export interface Mount {
  readonly source: string;
  readonly destination: string;
}

export interface SpecOptions {
  /** The unpacked image. */
  readonly root: string;
  readonly config: ImageConfig;
  /** Instead of the entrypoint. */
  readonly command?: readonly string[];
  /** After the entrypoint or command. */
  readonly args?: readonly string[];
  /** Beside that of the image. */
  readonly env?: Readonly<Record<string, string>>;
  /** Writable. */
  readonly mounts?: readonly Mount[];
}

/**
 * How a restricted pod runs an image: read-only root, no capabilities, no new privileges, its own user; but in the network of the host, so
 * that a test reaches it. https://github.com/opencontainers/runtime-spec/blob/main/config.md
 */
export const runcSpec = ({
  root,
  config,
  command = config.Entrypoint,
  args = [],
  env = {},
  mounts = [],
}: SpecOptions): object => {
  const [uid = Number.NaN, gid = Number.NaN] = config.User.split(':').map(Number);
  return {
    ociVersion: '1.0.2',
    root: { path: root, readonly: true },
    process: {
      terminal: false,
      user: { uid, gid },
      cwd: '/',
      args: [...command, ...args],
      env: [...config.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
      noNewPrivileges: true,
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      {
        destination: '/dev',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'strictatime', 'mode=755', 'size=64k'],
      },
      ...mounts.map((mount) => ({ ...mount, type: 'bind', options: ['bind', 'rw', 'nosuid', 'nodev'] })),
    ],
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      cgroupsPath: '/nodetask-image-test',
      maskedPaths: ['/proc/kcore', '/proc/keys'],
      readonlyPaths: ['/proc/sys'],
    },
  };
};
