export const withoutDashes = (key: string): string => key.replaceAll('-', '_');
