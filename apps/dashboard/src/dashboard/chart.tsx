import { BarChart, type BarSeriesOption, LineChart, type LineSeriesOption } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { type ECharts, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { useEffect, useRef, useState } from 'preact/hooks';

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

export interface Series {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly kind: 'lines' | 'stack';
  /** said to those who do not see the picture; the figures stand in the table beside it */
  readonly label: string;
  readonly rounds: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** upper end of the axis where it is known */
  readonly most?: number;
}

const PALETTE = {
  light: ['#0b6475', '#b3541e', '#6a4fb0', '#2b7a3d', '#a12a5e'],
  dark: ['#5cc8dc', '#f0a36b', '#b9a3f5', '#7fd99a', '#f08ab6'],
} as const;
const INK = {
  light: { text: '#4a5866', line: '#d3dbe3', paper: '#ffffff' },
  dark: { text: '#a9b8c6', line: '#31404d', paper: '#182129' },
} as const;

/** Whether a media query holds, now and when it changes. */
export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const changed = () => setHolds(list.matches);
    list.addEventListener('change', changed);
    return () => list.removeEventListener('change', changed);
  }, [query]);
  return holds;
}

/** A picture by rounds in the reader's colour scheme, still where motion is not wanted. */
export function Chart({ kind, label, rounds, series, format, most }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  const dark = useMedia('(prefers-color-scheme: dark)');
  const still = useMedia('(prefers-reduced-motion: reduce)');

  useEffect(() => {
    const made = init(place.current, null, { renderer: 'svg' });
    chart.current = made;
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(place.current!);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    const theme = dark ? 'dark' : 'light';
    const { text, line, paper } = INK[theme];
    const drawn: (LineSeriesOption | BarSeriesOption)[] = series.map(({ name, values }) =>
      kind === 'lines'
        ? { type: 'line', name, data: [...values], showSymbol: true, symbolSize: 7, lineStyle: { width: 2.5 } }
        : { type: 'bar', name, data: [...values], stack: 'all', barMaxWidth: 36 },
    );
    chart.current?.setOption(
      {
        animation: !still,
        color: [...PALETTE[theme]],
        grid: { left: 8, right: 16, top: series.length > 1 ? 40 : 16, bottom: 24, containLabel: true },
        legend: series.length > 1 ? { type: 'scroll', top: 0, left: 0, textStyle: { color: text } } : { show: false },
        tooltip: {
          trigger: 'axis',
          backgroundColor: paper,
          borderColor: line,
          textStyle: { color: text },
          valueFormatter: (value: unknown) => (typeof value === 'number' ? format(value) : '–'),
        },
        xAxis: {
          type: 'category',
          data: rounds.map((round) => `${round}`),
          name: 'round',
          nameLocation: 'middle',
          nameGap: 26,
          nameTextStyle: { color: text },
          axisLabel: { color: text },
          axisLine: { lineStyle: { color: text } },
        },
        yAxis: {
          type: 'value',
          scale: kind === 'lines',
          ...(most === undefined ? {} : { max: most }),
          axisLabel: { color: text, formatter: (value: number) => format(value) },
          splitLine: { lineStyle: { color: line } },
        },
        series: drawn,
      },
      { notMerge: true },
    );
  }, [dark, still, kind, rounds, series, format, most]);

  return <div class="chart" ref={place} role="img" aria-label={label} />;
}
