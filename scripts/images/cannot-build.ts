import { lacksRootRights } from '@nodetask/testbed';

/** Why images cannot be built and run on this machine, or false. */
export const cannotBuildImages = (): string | false => lacksRootRights('build and run images', ['CAP_SYS_ADMIN']);
