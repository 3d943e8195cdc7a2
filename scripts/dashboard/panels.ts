import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
  StackingConfigBuilder,
  ReduceDataOptionsBuilder,
  TableSortByFieldStateBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { type Panel, ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The panels that the dashboard is made of, all alike. Widths are of 24. */

export const datasource = { type: 'prometheus', uid: '${datasource}' };

/** A query and what its series are called. */
export type Query = readonly [expression: string, legend: string];

export interface PanelOptions {
  readonly title: string;
  /** What it shows, and what to look for. */
  readonly description: string;
  /** https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/#unit */
  readonly unit: string;
  readonly width: number;
  /** Alerts that are about it: the panel names their runbooks, and the chart makes links of the names where it knows where docs/ can be read. */
  readonly alerts?: readonly string[];
}

const described = ({ description, alerts = [] }: Pick<PanelOptions, 'description' | 'alerts'>): string =>
  [description, ...alerts.map((alert) => `Runbook: docs/observability.md#${alert.toLowerCase()}`)].join('\n\n');

const queryOf = ([expression, legend]: Query, index: number): DataqueryBuilder =>
  new DataqueryBuilder().datasource(datasource).refId('ABCDEFGH'.charAt(index)).expr(expression).legendFormat(legend);

/** Lines over time; stacked where their sum means something. */
export const graph = (
  { title, description, unit, width, alerts, stacked = false }: PanelOptions & { readonly stacked?: boolean },
  ...queries: readonly Query[]
): cog.Builder<Panel> => {
  const panel = new TimeseriesBuilder()
    .title(title)
    .description(described({ description, ...(alerts === undefined ? {} : { alerts }) }))
    .datasource(datasource)
    .unit(unit)
    .min(0)
    .span(width)
    .height(8)
    .drawStyle(GraphDrawStyle.Line)
    .lineWidth(1)
    .fillOpacity(stacked ? 30 : 0)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .stacking(new StackingConfigBuilder().mode(stacked ? StackingMode.Normal : StackingMode.None).group('A'));
  for (const [index, query] of queries.entries()) panel.withTarget(queryOf(query, index).range());
  return panel;
};

/** One number as of now, green until `bad`, then red. */
export const number = (
  { title, description, unit, width, alerts, bad }: PanelOptions & { readonly bad?: number },
  query: Query,
): cog.Builder<Panel> =>
  new StatBuilder()
    .title(title)
    .description(described({ description, ...(alerts === undefined ? {} : { alerts }) }))
    .datasource(datasource)
    .unit(unit)
    .span(width)
    .height(4)
    .noValue('0')
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .colorMode(bad === undefined ? BigValueColorMode.None : BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .thresholds(
      new ThresholdsConfigBuilder()
        .mode(ThresholdsMode.Absolute)
        .steps([
          { value: null, color: bad === undefined ? 'text' : 'green' },
          ...(bad === undefined ? [] : [{ value: bad, color: 'red' }]),
        ]),
    )
    .withTarget(queryOf(query, 0).instant());

/** A column of a table: what is asked, and in which unit it is shown. */
export interface Column {
  readonly title: string;
  readonly expression: string;
  readonly unit: string;
}

/** One row for each set of labels, with the latest value of each query; the highest in the column `worstBy` come first. */
export const table = (
  { title, description, width, alerts }: Omit<PanelOptions, 'unit'>,
  labels: readonly string[],
  columns: readonly Column[],
  worstBy: string,
): cog.Builder<Panel> => {
  const panel = new TableBuilder()
    .title(title)
    .description(described({ description, ...(alerts === undefined ? {} : { alerts }) }))
    .datasource(datasource)
    .span(width)
    .height(8)
    .sortBy([new TableSortByFieldStateBuilder().displayName(worstBy).desc(true)]);
  for (const [index, { expression, title: column, unit }] of columns.entries()) {
    const query = queryOf([expression, ''], index).instant().format(PromQueryFormat.Table);
    const value = `Value #${query.build().refId}`;
    panel.withTarget(query).overrideByName(value, [
      { id: 'displayName', value: column },
      { id: 'unit', value: unit },
    ]);
  }
  return panel.withTransformation({ id: 'merge', options: {} }).withTransformation({
    id: 'organize',
    options: { excludeByName: { Time: true }, indexByName: Object.fromEntries(labels.map((label, at) => [label, at])) },
  });
};
