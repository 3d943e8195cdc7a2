import type { ValidationRule } from './structural-schema.ts';

/** What the API server checks of spec.dependsOn beyond the shape. On the root of the schema: no other node sees the name. */
export const dependencyRules = (): readonly ValidationRule[] => [
  {
    rule: '!has(self.spec.dependsOn) || !(self.metadata.name in self.spec.dependsOn)',
    message: 'a NodeTask cannot wait for itself: take its own name out of dependsOn',
    reason: 'FieldValueInvalid',
    fieldPath: '.spec.dependsOn',
  },
];
