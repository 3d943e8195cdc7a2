/** The versions whose modules the data of known keys is from, oldest first. A rule that names one that is none of them does not compile. */
export const cometBFTVersions = ['v0.37.18', 'v0.38.26', 'v0.40.0', 'v1.0.1'] as const;
export const sdkVersions = ['v0.47.17', 'v0.50.15', 'v0.53.8', 'v0.55.0'] as const;

export type CometBFTVersion = (typeof cometBFTVersions)[number];
export type SdkVersion = (typeof sdkVersions)[number];
