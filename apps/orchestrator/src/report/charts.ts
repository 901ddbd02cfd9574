import * as echarts from 'echarts';
import { PHASES, type RunResult } from '../simulate/result.ts';

/** Light and dark versions of one chart: the page shows the one that fits its reader. */
export interface ThemedChart {
  readonly light: string;
  readonly dark: string;
}

const SIZE = { width: 860, height: 320 };
const THEMES = {
  light: {
    text: '#334155',
    grid: '#e2e8f0',
    colours: ['#64748b', '#0ea5e9', '#8b5cf6', '#10b981', '#f59e0b', '#ef4444', '#ec4899'],
  },
  dark: {
    text: '#cbd5e1',
    grid: '#334155',
    colours: ['#94a3b8', '#38bdf8', '#a78bfa', '#34d399', '#fbbf24', '#f87171', '#f472b6'],
  },
} as const;
type Theme = (typeof THEMES)[keyof typeof THEMES];

function axis(theme: Theme, name: string): Record<string, unknown> {
  return {
    name,
    nameTextStyle: { color: theme.text },
    axisLabel: { color: theme.text },
    axisLine: { lineStyle: { color: theme.grid } },
    splitLine: { lineStyle: { color: theme.grid } },
  };
}

/** Draws a chart in both themes; `size` in pixels. */
export function render(option: (theme: Theme) => echarts.EChartsOption, size = SIZE): ThemedChart {
  const draw = (theme: Theme) => {
    const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size });
    try {
      chart.setOption({
        animation: false,
        color: [...theme.colours],
        backgroundColor: 'transparent',
        grid: { left: 64, right: 24, top: 56, bottom: 44 },
        legend: { type: 'scroll', top: 4, itemGap: 24, textStyle: { color: theme.text } },
        textStyle: { fontFamily: 'system-ui, sans-serif' },
        ...option(theme),
      });
      return chart.renderToSVGString();
    } finally {
      chart.dispose();
    }
  };
  return { light: draw(THEMES.light), dark: draw(THEMES.dark) };
}

export const labelOf = (run: RunResult): string =>
  run.attack === null ? run.protection : `${run.protection}, ${run.attack}`;

/** The same in two lines, for the foot of a bar. */
const footOf = (run: RunResult): string => labelOf(run).replace(', ', '\n');

function runAxis(theme: Theme, runs: readonly RunResult[]): echarts.XAXisComponentOption {
  return {
    type: 'category',
    data: runs.map(footOf),
    axisLabel: { color: theme.text, interval: 0 },
    axisLine: { lineStyle: { color: theme.grid } },
  };
}

/** Test accuracy after each round, a line a run. */
export function accuracyChart(runs: readonly RunResult[]): ThemedChart {
  const rounds = runs[0]?.rounds.map((_, i) => String(i + 1)) ?? [];
  return render((theme) => ({
    xAxis: { type: 'category', data: rounds, ...axis(theme, 'round') },
    yAxis: { type: 'value', min: 0, max: 100, ...axis(theme, '%') },
    series: runs.map((run) => ({
      name: labelOf(run),
      type: 'line' as const,
      symbolSize: 6,
      data: run.rounds.map(({ accuracy }) => Number((100 * accuracy).toFixed(2))),
    })),
  }));
}

/** CPU seconds of a round by phase, stacked, a bar a run. */
export function phaseChart(runs: readonly RunResult[]): ThemedChart {
  const mean = (run: RunResult, phase: (typeof PHASES)[number]) =>
    run.rounds.reduce((sum, { seconds }) => sum + seconds[phase], 0) / run.rounds.length;
  return render((theme) => ({
    xAxis: runAxis(theme, runs),
    yAxis: { type: 'value', ...axis(theme, 'CPU s') },
    series: PHASES.filter((phase) => runs.some((run) => mean(run, phase) > 0)).map((phase) => ({
      name: phase,
      type: 'bar' as const,
      stack: 'seconds',
      barMaxWidth: 80,
      data: runs.map((run) => Number(mean(run, phase).toFixed(4))),
    })),
  }));
}

/** Bytes one hospital sends up in a round, ciphertexts and proof apart. */
export function uplinkChart(runs: readonly RunResult[], clients: number): ThemedChart {
  const megabytes = (run: RunResult, of: (round: RunResult['rounds'][number]) => number) =>
    Number((run.rounds.reduce((sum, round) => sum + of(round), 0) / run.rounds.length / clients / 1e6).toFixed(4));
  const proofs = runs.some(({ rounds }) => rounds.some(({ proofBytes }) => proofBytes !== undefined));
  return render((theme) => ({
    xAxis: runAxis(theme, runs),
    yAxis: { type: 'value', ...axis(theme, 'MB') },
    series: [
      {
        name: 'update',
        type: 'bar' as const,
        stack: 'bytes',
        barMaxWidth: 80,
        data: runs.map((run) => megabytes(run, ({ bytes, proofBytes }) => bytes.up - (proofBytes ?? 0))),
      },
      ...(proofs
        ? [
            {
              name: 'proof',
              type: 'bar' as const,
              stack: 'bytes',
              barMaxWidth: 80,
              data: runs.map((run) => megabytes(run, ({ proofBytes }) => proofBytes ?? 0)),
            },
          ]
        : []),
    ],
  }));
}
