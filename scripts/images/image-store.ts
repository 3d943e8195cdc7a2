import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findDebianProgram, mustRun, toolEnvironment } from '@nodetask/testbed';

/** A pull over the network may take its time; everything else takes seconds. */
const buildTimeoutMs = 15 * 60_000;

export interface BuildOptions {
  /** Name and tag: localhost/nodetask-agent:0.1.0 */
  readonly reference: string;
  readonly dockerfile: string;
  /** The folder that COPY sees. */
  readonly context: string;
  /** ARGs of the Dockerfile. */
  readonly args?: Readonly<Record<string, string>>;
}

/** The members of an image's configuration that are read here. https://github.com/opencontainers/image-spec/blob/main/config.md */
export interface ImageDescription {
  readonly created: string;
  readonly os: string;
  readonly config: ImageConfig;
}

/** How a container of the image is to be run. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd?: readonly string[];
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

/** buildah with images of its own in a folder, apart from those of the user. */
export class ImageStore {
  readonly #folder: string;
  readonly #buildah: string;

  private constructor(folder: string, buildah: string) {
    this.#folder = folder;
    this.#buildah = buildah;
  }

  /** Everything goes into `folder`, which must exist. The caller removes it. */
  static async open(folder: string): Promise<ImageStore> {
    const store = new ImageStore(folder, await findDebianProgram('buildah'));
    // Images from here and from registries alike: whose they are is for the caller to know.
    await writeFile(store.#settings, `[network]\nnetwork_config_dir = ${JSON.stringify(join(folder, 'networks'))}\n`);
    await writeFile(store.#policy, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
    return store;
  }

  /** Builds an image that is the same, bit by bit, whenever and wherever the same files are built. */
  async build({ reference, dockerfile, context, args = {} }: BuildOptions): Promise<void> {
    await this.#run([
      'build',
      // No process runs during the build, and none needs a network.
      '--isolation=chroot',
      '--network=host',
      '--timestamp=0',
      '--identity-label=false',
      '--layers=false',
      '--pull=false',
      `--signature-policy=${this.#policy}`,
      ...Object.entries(args).map(([name, value]) => `--build-arg=${name}=${value}`),
      `--tag=${reference}`,
      `--file=${dockerfile}`,
      context,
    ]);
  }

  /** Writes the image as `docker save` does: docker, podman, containerd and kind load it. */
  async save(reference: string, file: string): Promise<void> {
    const draft = `${file}.part`;
    await rm(draft, { force: true });
    await this.#run([
      'push',
      '--quiet',
      `--signature-policy=${this.#policy}`,
      reference,
      `docker-archive:${draft}:${reference}`,
    ]);
    await rename(draft, file);
  }

  async describe(reference: string): Promise<ImageDescription> {
    const text = await this.#run(['inspect', '--type=image', reference]);
    return (JSON.parse(text) as { readonly OCIv1: ImageDescription }).OCIv1;
  }

  /** Digest of the configuration, by which every runtime knows the image. */
  async imageID(reference: string): Promise<string> {
    return (await this.#run(['images', '--no-trunc', '--quiet', reference])).trim();
  }

  /** Unpacks the image into a folder of the store and answers its path. */
  async mount(reference: string): Promise<string> {
    const container = (
      await this.#run(['from', '--pull=never', `--signature-policy=${this.#policy}`, reference])
    ).trim();
    return (await this.#run(['mount', container])).trim();
  }

  /** Instead of those of the machine; without the folder in it, buildah would make one in /etc. */
  get #settings(): string {
    return join(this.#folder, 'containers.conf');
  }

  get #policy(): string {
    return join(this.#folder, 'policy.json');
  }

  async #run(args: readonly string[]): Promise<string> {
    // vfs: plain folders, so that it works on every file system, also within a container.
    const where = [
      '--root',
      join(this.#folder, 'storage'),
      '--runroot',
      join(this.#folder, 'run'),
      '--storage-driver=vfs',
    ];
    return (
      await mustRun(this.#buildah, [...where, ...args], {
        timeoutMs: buildTimeoutMs,
        env: toolEnvironment({ CONTAINERS_CONF: this.#settings }),
      })
    ).stdout;
  }
}
