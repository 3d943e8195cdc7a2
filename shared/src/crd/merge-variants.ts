import { sameJson } from './same-json.ts';
import { celList, celName, celString } from './cel.ts';
import type { StructuralSchema, ValidationRule } from './structural-schema.ts';

/**
 * The variants of a discriminated union as one flat object, because a structural schema knows no union: every member
 * optional but the discriminator, and CEL for which members a variant needs and takes.
 */
export const mergeVariants = (variants: readonly StructuralSchema[], path: string): StructuralSchema => {
  const discriminator = findDiscriminator(variants, path);
  const names = variants.map((variant) => String(variant.properties?.[discriminator]?.enum?.[0]));
  const properties: Record<string, StructuralSchema> = {
    [discriminator]: { description: `One of ${names.join(', ')}.`, type: 'string', enum: names },
  };
  const takenBy = new Map<string, string[]>();
  const rules: ValidationRule[] = [];
  const self = `self.${celName(discriminator)}`;

  for (const [index, variant] of variants.entries()) {
    const name = names[index] ?? '';
    for (const [key, property] of Object.entries(variant.properties ?? {})) {
      if (key === discriminator) {
        continue;
      }
      if (properties[key] !== undefined && !sameJson(properties[key], property)) {
        throw new Error(`${path}.${key}: has another meaning in ${name} than in ${takenBy.get(key)?.join(', ')}`);
      }
      properties[key] = property;
      takenBy.set(key, [...(takenBy.get(key) ?? []), name]);
    }
    for (const key of (variant.required ?? []).filter((required) => required !== discriminator)) {
      rules.push({
        rule: `${self} != ${celString(name)} || has(self.${celName(key)})`,
        message: `${key} is required for ${discriminator} ${name}`,
        reason: 'FieldValueRequired',
        fieldPath: `.${key}`,
      });
    }
  }
  for (const [key, takers] of takenBy) {
    if (takers.length < variants.length) {
      rules.push({
        rule: `!has(self.${celName(key)}) || ${self} in ${celList(takers)}`,
        message: `${key} goes with ${discriminator} ${takers.join(' or ')} only`,
        reason: 'FieldValueForbidden',
        fieldPath: `.${key}`,
      });
    }
  }
  return { type: 'object', properties, required: [discriminator], 'x-kubernetes-validations': rules };
};

/** The member that every variant requires and whose single value tells them apart. */
const findDiscriminator = (variants: readonly StructuralSchema[], path: string): string => {
  const candidates = Object.keys(variants[0]?.properties ?? {}).filter((key) =>
    variants.every((variant) => variant.required?.includes(key) && variant.properties?.[key]?.enum?.length === 1),
  );
  const [discriminator] = candidates;
  if (discriminator === undefined || candidates.length > 1) {
    throw new Error(
      `${path}: a union needs exactly one member that tells its variants apart, found ${candidates.length}`,
    );
  }
  return discriminator;
};
