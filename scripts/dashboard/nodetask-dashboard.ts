import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { datasource, graph, number, table } from './panels.ts';

/**
 * The dashboard of NodeTask: what to look at first on top, then tasks, schedules, agents, operator. Every operator shows the same of the
 * cluster, so that is `max`; what each has done itself is `sum`.
 */

/** Series of operators only: other programs have metrics of the same names. */
const ofOperators = 'and on (job, instance) nodetask_operator_build_info';
/** With an operator that does not lead everything waits, for nobody works there. */
const ofLeader = `and on (job, instance) leader_election_master_status == 1 ${ofOperators}`;

const quantile = (q: string, metric: string, by = ''): string =>
  `histogram_quantile(${q}, sum by (le${by}) (rate(${metric}_bucket[$__rate_interval])))`;

const ofNamespace = '{namespace=~"$namespace"}';

const atAGlance: readonly cog.Builder<Panel>[] = [
  number({ title: 'Operators', description: 'Operators that are scraped.', unit: 'none', width: 3 }, [
    'count(nodetask_operator_build_info) or vector(0)',
    'operators',
  ]),
  number({ title: 'Leaders', description: 'Exactly one should lead.', unit: 'none', width: 3 }, [
    `sum(leader_election_master_status ${ofOperators})`,
    'leaders',
  ]),
  number({ title: 'Agents', description: 'Agents that are scraped.', unit: 'none', width: 3 }, [
    `count(nodetask_agent_build_info${ofNamespace}) or vector(0)`,
    'agents',
  ]),
  number(
    {
      title: 'Agents unreachable',
      description: 'Agents that do not answer although a NodeTask has work for them.',
      unit: 'none',
      width: 3,
      alerts: ['NodeTaskAgentUnreachable'],
      bad: 1,
    },
    [`sum(max by (namespace) (nodetask_operator_agents_unreachable${ofNamespace})) or vector(0)`, 'agents'],
  ),
  number(
    {
      title: 'Stuck',
      description: 'NodeTasks that do not come on by themselves; see "Stuck by reason".',
      unit: 'none',
      width: 3,
      alerts: ['NodeTaskStuck'],
      bad: 1,
    },
    ['sum(max by (reason) (nodetask_operator_nodetasks_stuck))', 'NodeTasks'],
  ),
  number(
    {
      title: 'Failed in a day',
      description: 'NodeTasks that ended as Failed in the last 24 hours.',
      unit: 'none',
      width: 3,
      alerts: ['NodeTaskFailed'],
      bad: 1,
    },
    ['round(sum(increase(nodetask_operator_finished_total{phase="Failed"}[24h])))', 'NodeTasks'],
  ),
  number(
    {
      title: 'Schedules failing',
      description: 'Schedules whose last run failed or was missed.',
      unit: 'none',
      width: 3,
      alerts: ['NodeTaskScheduleFailing', 'NodeTaskScheduleMissedRuns'],
      bad: 1,
    },
    [
      `count(max by (namespace, name) (nodetask_operator_schedule_failed_runs${ofNamespace}) > 0) or vector(0)`,
      'schedules',
    ],
  ),
  number(
    {
      title: 'Reports waiting',
      description: 'Results that agents have not brought to their NodeTasks yet.',
      unit: 'none',
      width: 3,
      alerts: ['NodeTaskReportsDelayed'],
      bad: 10,
    },
    [`sum(nodetask_agent_report_queue_depth${ofNamespace}) or vector(0)`, 'reports'],
  ),
];

const tasks: readonly cog.Builder<Panel>[] = [
  graph(
    {
      title: 'NodeTasks under way',
      description: 'NodeTasks that have not ended, by phase (New: no operator has looked yet).',
      unit: 'none',
      width: 8,
      stacked: true,
    },
    ['max by (phase) (nodetask_operator_nodetasks{phase!~"Succeeded|Failed|Cancelled"})', '{{phase}}'],
  ),
  graph(
    {
      title: 'Ended per minute',
      description: 'NodeTasks that ended, by how.',
      unit: 'none',
      width: 8,
      stacked: true,
    },
    ['60 * sum by (phase) (rate(nodetask_operator_finished_total[$__rate_interval]))', '{{phase}}'],
  ),
  graph(
    {
      title: 'From apply to end',
      description: 'Of NodeTasks that run once. Half of them, and 95 of 100, took no longer.',
      unit: 's',
      width: 8,
    },
    [quantile('0.5', 'nodetask_operator_finish_duration_seconds'), 'half'],
    [quantile('0.95', 'nodetask_operator_finish_duration_seconds'), '95 of 100'],
  ),
  graph(
    {
      title: 'Dispatch',
      description: 'From when a task became due to be handed to its agent until the agent had taken it.',
      unit: 's',
      width: 8,
    },
    [quantile('0.5', 'nodetask_operator_dispatch_duration_seconds'), 'half'],
    [quantile('0.99', 'nodetask_operator_dispatch_duration_seconds'), '99 of 100'],
  ),
  graph(
    {
      title: 'Longest queue',
      description: 'NodeTasks that wait for the agent for which most of them wait.',
      unit: 'none',
      width: 8,
    },
    ['max(nodetask_operator_longest_agent_queue)', 'NodeTasks'],
  ),
  graph(
    {
      title: 'Stuck by reason',
      description:
        'unseen: no operator has looked. stalled: something must be corrected. daemon-stalled, upload-too-old, cannot-report: the condition Ready says why. overdue, deleting: time is over.',
      unit: 'none',
      width: 8,
      stacked: true,
    },
    ['max by (reason) (nodetask_operator_nodetasks_stuck)', '{{reason}}'],
  ),
];

const schedule = (metric: string): string => `max by (namespace, name) (${metric}${ofNamespace})`;

const upload = (part: string): string =>
  `max by (namespace, pod, name, type) (nodetask_agent_newest_upload_${part}${ofNamespace})`;

const schedules: readonly cog.Builder<Panel>[] = [
  table(
    {
      title: 'Schedules',
      description:
        'Those with a cron expression. Last success and next run are as of now; the interval is the longest of the last ten.',
      width: 16,
      alerts: ['NodeTaskScheduleNotSucceeding', 'NodeTaskScheduleOverdue'],
    },
    ['namespace', 'name'],
    [
      {
        title: 'Last success',
        expression: `1000 * ${schedule('nodetask_operator_schedule_last_success_timestamp_seconds')}`,
        unit: 'dateTimeFromNow',
      },
      {
        title: 'Next run',
        expression: `1000 * ${schedule('nodetask_operator_schedule_next_run_timestamp_seconds')}`,
        unit: 'dateTimeFromNow',
      },
      { title: 'Interval', expression: schedule('nodetask_operator_schedule_interval_seconds'), unit: 's' },
      { title: 'Failed in a row', expression: schedule('nodetask_operator_schedule_failed_runs'), unit: 'none' },
      { title: 'Missed', expression: schedule('nodetask_operator_schedule_missed_runs_total'), unit: 'none' },
    ],
    'Failed in a row',
  ),
  graph(
    {
      title: 'Runs that fail or are missed',
      description: 'Of schedules, in the last hour.',
      unit: 'none',
      width: 8,
    },
    [
      `sum by (namespace, name) (max by (namespace, name) (increase(nodetask_operator_schedule_missed_runs_total${ofNamespace}[1h]))) > 0`,
      '{{namespace}}/{{name}} missed',
    ],
    [`${schedule('nodetask_operator_schedule_failed_runs')} > 0`, '{{namespace}}/{{name}} failed in a row'],
  ),
];

const uploads: readonly cog.Builder<Panel>[] = [
  table(
    {
      title: 'Newest uploads',
      description:
        'Of snapshot-upload and result-export by schedule or as a daemon, the oldest first: the height, when it was complete, and how old it may be by maxAgeSeconds.',
      width: 12,
    },
    ['namespace', 'pod', 'name', 'type'],
    [
      { title: 'Height', expression: upload('height'), unit: 'none' },
      { title: 'Uploaded', expression: `1000 * ${upload('timestamp_seconds')}`, unit: 'dateTimeFromNow' },
      { title: 'Age', expression: `time() - ${upload('awaited_since_timestamp_seconds')}`, unit: 's' },
      { title: 'May be', expression: upload('max_age_seconds'), unit: 's' },
    ],
    'Age',
  ),
  graph(
    {
      title: 'Height of the newest upload',
      description: 'A line that stays level has had no new upload. The ten that are oldest now.',
      unit: 'none',
      width: 12,
    },
    [
      `${upload('height')} and on (namespace, pod, name, type) topk(10, time() - ${upload('awaited_since_timestamp_seconds')})`,
      '{{namespace}}/{{name}} {{pod}}',
    ],
  ),
  graph(
    {
      title: 'Age of the newest upload',
      description:
        'How long ago the newest upload was complete, or, before the first one, the task was accepted. The ten oldest.',
      unit: 's',
      width: 12,
      alerts: ['NodeTaskSnapshotUploadStale'],
    },
    [`topk(10, time() - ${upload('awaited_since_timestamp_seconds')})`, '{{namespace}}/{{name}} {{pod}}'],
  ),
  graph(
    {
      title: 'Export lag',
      description:
        'Blocks in full pages that the node has and a result-export daemon has not exported. It falls while an export makes up for it, and is 0 for one that keeps up.',
      unit: 'none',
      width: 12,
      alerts: ['NodeTaskExportLagging'],
    },
    [
      `topk(10, max by (namespace, pod, name) (nodetask_agent_export_lag_blocks${ofNamespace}))`,
      '{{namespace}}/{{name}} {{pod}}',
    ],
  ),
];

const perPod = (metric: string): string => `max by (namespace, pod) (${metric}${ofNamespace})`;
const free = 'nodetask_agent_node_volume_free_bytes';
const size = 'nodetask_agent_node_volume_size_bytes';

const nodes: readonly cog.Builder<Panel>[] = [
  table(
    {
      title: 'Nodes',
      description:
        'The newest block of each node by its own RPC, whether it catches up (1), and the volume of its data folder, the fullest first. Days until full go by the last six hours; none where the volume does not fill.',
      width: 24,
      alerts: ['NodeTaskVolumeFilling', 'NodeTaskVolumeAlmostFull', 'NodeTaskNodeHeightStill'],
    },
    ['namespace', 'pod'],
    [
      { title: 'Height', expression: perPod('nodetask_agent_node_height'), unit: 'none' },
      { title: 'Catching up', expression: perPod('nodetask_agent_node_catching_up'), unit: 'none' },
      { title: 'Free', expression: perPod(free), unit: 'bytes' },
      { title: 'Used', expression: `1 - ${perPod(free)} / ${perPod(size)}`, unit: 'percentunit' },
      {
        title: 'Days until full',
        expression: `max by (namespace, pod) (${free}${ofNamespace} / (-86400 * deriv(${free}${ofNamespace}[6h])) > 0)`,
        unit: 'd',
      },
    ],
    'Used',
  ),
  graph(
    {
      title: 'Free space',
      description: 'Share of the volume that is free, of the ten nodes with the least.',
      unit: 'percentunit',
      width: 8,
      alerts: ['NodeTaskVolumeFilling', 'NodeTaskVolumeAlmostFull'],
    },
    [`bottomk(10, ${perPod(free)} / ${perPod(size)})`, '{{namespace}}/{{pod}}'],
  ),
  graph(
    {
      title: 'Blocks per minute',
      description: 'How fast the height of each node grows: 0 stands still. The ten slowest.',
      unit: 'none',
      width: 8,
      alerts: ['NodeTaskNodeHeightStill'],
    },
    [
      `bottomk(10, 60 * max by (namespace, pod) (deriv(nodetask_agent_node_height${ofNamespace}[10m])))`,
      '{{namespace}}/{{pod}}',
    ],
  ),
  graph(
    {
      title: 'Progress of what runs',
      description:
        'How far the runs are that know their end, by task type; of several of a type on one node, the one that is least far.',
      unit: 'percentunit',
      width: 8,
    },
    [
      `max by (namespace, pod, type) (nodetask_agent_run_progress_ratio${ofNamespace})`,
      '{{type}} on {{namespace}}/{{pod}}',
    ],
  ),
];

const agents: readonly cog.Builder<Panel>[] = [
  graph(
    {
      title: 'Transfer',
      description: 'Bytes of objects to and from object stores, of all agents.',
      unit: 'Bps',
      width: 8,
    },
    [`sum by (direction) (rate(nodetask_agent_transfer_bytes_total${ofNamespace}[$__rate_interval]))`, '{{direction}}'],
  ),
  graph({ title: 'Runs', description: 'Runs that are going, by task type.', unit: 'none', width: 8, stacked: true }, [
    `sum by (type) (nodetask_agent_tasks_running${ofNamespace})`,
    '{{type}}',
  ]),
  graph({ title: 'Failed runs per minute', description: 'By task type and error code.', unit: 'none', width: 8 }, [
    `60 * sum by (type, code) (rate(nodetask_agent_tasks_failed_total${ofNamespace}[$__rate_interval])) > 0`,
    '{{type}} {{code}}',
  ]),
  graph(
    {
      title: 'Reports',
      description: 'Writes of results to NodeTasks per second, by what became of them.',
      unit: 'ops',
      width: 8,
      stacked: true,
    },
    [`sum by (result) (rate(nodetask_agent_reports_total${ofNamespace}[$__rate_interval]))`, '{{result}}'],
  ),
  graph(
    {
      title: 'Reports waiting',
      description: 'Results that an agent has not brought to their NodeTasks; the ten agents with most.',
      unit: 'none',
      width: 8,
    },
    [`topk(10, nodetask_agent_report_queue_depth${ofNamespace})`, '{{pod}}'],
  ),
  graph({ title: 'Memory', description: 'Resident, of the ten largest agents.', unit: 'bytes', width: 8 }, [
    `topk(10, process_resident_memory_bytes and on (job, instance) nodetask_agent_build_info${ofNamespace})`,
    '{{pod}}',
  ]),
];

const operator: readonly cog.Builder<Panel>[] = [
  graph({ title: 'Reconciles', description: 'Per second, by outcome.', unit: 'ops', width: 8, stacked: true }, [
    'sum by (outcome) (rate(reconcile_total{name="nodetasks"}[$__rate_interval]))',
    '{{outcome}}',
  ]),
  graph(
    {
      title: 'Reconcile',
      description: 'How long NodeTasks wait for a worker, and how long the work takes, 99 of 100.',
      unit: 's',
      width: 8,
    },
    [quantile('0.99', 'workqueue_queue_duration_seconds'), 'wait'],
    [quantile('0.99', 'workqueue_work_duration_seconds'), 'work'],
  ),
  graph(
    { title: 'Work queue', description: 'NodeTasks that wait for the operator that leads.', unit: 'none', width: 8 },
    [`sum(workqueue_depth{name="nodetasks"} ${ofLeader})`, 'NodeTasks'],
  ),
  graph(
    {
      title: 'API server',
      description: 'Calls per second, by verb and answer; see that nothing but 2xx and some 409 is here.',
      unit: 'ops',
      width: 8,
      stacked: true,
    },
    [`sum by (verb, code) (rate(rest_client_requests_total[$__rate_interval]) ${ofOperators})`, '{{verb}} {{code}}'],
  ),
  graph(
    {
      title: 'Agents',
      description: 'Calls to agents per second, by method and answer.',
      unit: 'ops',
      width: 8,
      stacked: true,
    },
    [
      'sum by (method, outcome) (rate(nodetask_operator_agent_requests_total[$__rate_interval]))',
      '{{method}} {{outcome}}',
    ],
  ),
  graph(
    {
      title: 'Watches',
      description: 'Reconnects and complete lists per minute; changes that a watch had missed should stay at 0.',
      unit: 'none',
      width: 8,
    },
    [
      `60 * sum by (reason) (rate(watch_reconnects_total[$__rate_interval]) ${ofOperators}) > 0`,
      'reconnect: {{reason}}',
    ],
    [`60 * sum by (reason) (rate(relist_total[$__rate_interval]) ${ofOperators}) > 0`, 'list: {{reason}}'],
    [`sum(increase(relist_missed_events_total[1h]) ${ofOperators})`, 'missed in an hour'],
  ),
  graph(
    {
      title: 'Status writes and lost events',
      description: 'Per second. Events are lost where too many come at once.',
      unit: 'ops',
      width: 8,
    },
    ['sum(rate(nodetask_operator_status_writes_total[$__rate_interval]))', 'status writes'],
    [`sum by (reason) (rate(events_dropped_total[$__rate_interval]) ${ofOperators}) > 0`, 'events lost: {{reason}}'],
  ),
  graph({ title: 'CPU', description: 'Cores, of each operator.', unit: 'none', width: 8 }, [
    `rate(process_cpu_seconds_total[$__rate_interval]) ${ofOperators}`,
    '{{pod}}',
  ]),
  graph({ title: 'Memory', description: 'Resident, of each operator.', unit: 'bytes', width: 8 }, [
    `process_resident_memory_bytes ${ofOperators}`,
    '{{pod}}',
  ]),
];

export const nodeTaskDashboard = (): Dashboard => {
  const dashboard = new DashboardBuilder('NodeTask')
    .uid('nodetask')
    .description('Tasks, schedules, agents and operator of NodeTask.')
    .tags(['nodetask'])
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-3h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .editable()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(
      new QueryVariableBuilder('namespace')
        .label('Namespace')
        .datasource(datasource)
        .query('label_values(nodetask_agent_build_info, namespace)')
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc)
        .multi(true)
        .includeAll(true)
        .allValue('.*')
        .current({ selected: true, text: 'All', value: '$__all' }),
    );
  for (const panel of atAGlance) dashboard.withPanel(panel);
  for (const [title, panels] of [
    ['Tasks', tasks],
    ['Schedules', schedules],
    ['Uploads', uploads],
    ['Nodes', nodes],
    ['Agents', agents],
    ['Operator', operator],
  ] as const) {
    dashboard.withRow(new RowBuilder(title));
    for (const panel of panels) dashboard.withPanel(panel);
  }
  const built = dashboard.build();
  // The builder gives none; those of rows are all 0.
  return { ...built, panels: (built.panels ?? []).map((panel, index) => ({ ...panel, id: index + 1 })) };
};
