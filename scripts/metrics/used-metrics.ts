/** A metric in a query, with the labels that the query names of it in braces. */
export interface UsedMetric {
  readonly name: string;
  readonly labels: readonly string[];
}

/** Words of PromQL that stand where a metric could. https://prometheus.io/docs/prometheus/latest/querying/basics/ */
const keywords = new Set(
  'and or unless by without on ignoring group_left group_right bool offset inf nan sum min max avg count stddev topk bottomk quantile'.split(
    ' ',
  ),
);

/** The metrics of a PromQL expression. What is not a word of the language, a function or in parentheses of labels is one. */
export const usedMetrics = (expression: string): readonly UsedMetric[] => {
  const plain = expression
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ');
  return [...plain.matchAll(/([a-z_:][\w:]*)\s*(\{[^}]*\}|\()?/gi)].flatMap(([, name = '', rest = '']) => {
    if (keywords.has(name.toLowerCase()) || rest === '(') return [];
    const labels = [...rest.matchAll(/([a-z_]\w*)\s*[=!]/gi)].map(([, label = '']) => label);
    return [{ name, labels }];
  });
};

/** The name under which a series of a histogram was registered. */
export const registeredName = (name: string): string => name.replace(/_(?:bucket|sum|count)$/, '');
