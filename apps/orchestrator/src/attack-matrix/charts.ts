import type { CellResult, TableRow } from '@zkfl/attacks';
import { render, type ThemedChart } from '../report/charts.ts';

const axisStyle = (theme: { readonly text: string; readonly grid: string }) => ({
  axisLabel: { color: theme.text },
  axisLine: { lineStyle: { color: theme.grid } },
  splitLine: { lineStyle: { color: theme.grid } },
  nameTextStyle: { color: theme.text },
});

/** Points of accuracy lost (or success rate of a backdoor), attacks down, defences across. */
export function heatMap(rows: readonly TableRow[], value: 'drop' | 'asr'): ThemedChart {
  const shown = rows.filter((row) => row[value] !== undefined);
  const attacks = [...new Set(shown.map((row) => row.attack))].reverse();
  const defences = [...new Set(shown.map((row) => row.defence))];
  const height = 120 + 26 * attacks.length;
  return render(
    (theme) => ({
      grid: { left: 150, right: 24, top: 16, bottom: 84 },
      legend: { show: false },
      xAxis: { type: 'category', data: defences, ...axisStyle(theme), axisLabel: { color: theme.text, rotate: 20 } },
      yAxis: { type: 'category', data: attacks, ...axisStyle(theme) },
      visualMap: {
        show: false,
        min: 0,
        max: value === 'drop' ? 30 : 100,
        inRange: { color: ['#10b981', '#f59e0b', '#ef4444'] },
      },
      series: [
        {
          type: 'heatmap' as const,
          label: { show: true, color: '#0f172a' },
          data: shown.map((row) => [
            defences.indexOf(row.defence),
            attacks.indexOf(row.attack),
            Number((100 * row[value]!.mean).toFixed(1)),
          ]),
        },
      ],
    }),
    { width: 860, height },
  );
}

/** Mean test accuracy after each round under one attack, a line a defence. */
export function curves(cells: readonly CellResult[]): ThemedChart {
  const defences = [...new Set(cells.map((cell) => cell.defence))];
  const rounds = Math.max(...cells.map((cell) => cell.rounds.length));
  const mean = (defence: string, round: number) => {
    const values = cells
      .filter((cell) => cell.defence === defence)
      // A diverged run stays where it ended.
      .map((cell) => cell.rounds[Math.min(round, cell.rounds.length - 1)]?.accuracy ?? 0);
    return Number(((100 * values.reduce((sum, value) => sum + value, 0)) / values.length).toFixed(2));
  };
  return render((theme) => ({
    xAxis: {
      type: 'category',
      data: Array.from({ length: rounds }, (_, i) => String(i + 1)),
      name: 'round',
      ...axisStyle(theme),
    },
    yAxis: { type: 'value', min: 0, max: 100, name: '%', ...axisStyle(theme) },
    series: defences.map((defence) => ({
      name: defence,
      type: 'line' as const,
      symbolSize: 4,
      data: Array.from({ length: rounds }, (_, round) => mean(defence, round)),
    })),
  }));
}
