import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CellResult } from '@zkfl/attacks';
import { expect, it } from 'vitest';
import { settleMatrix } from '../src/attack-matrix/plan.ts';
import { runCells } from '../src/attack-matrix/pool.ts';
import { judgeMatrix } from '../src/attack-matrix/result.ts';
import type { CommittedResult } from '../src/attack-matrix/results-folder.ts';
import { requestsOf } from '../src/attack-matrix/run.ts';

const path = fileURLToPath(new URL('../../../docs/results/attack-default.json', import.meta.url));

it('the committed default matrix comes out again: every defended mean within its tolerance, every verdict the same', {
  timeout: 3_600_000,
}, async () => {
  const expected = JSON.parse(readFileSync(path, 'utf8')) as CommittedResult;
  const cells: CellResult[] = [];
  await runCells(requestsOf(settleMatrix({}), undefined), 2, async (cell) => {
    cells.push(cell);
  });
  const { table, verdicts } = judgeMatrix(cells);
  for (const row of expected.table) {
    if (row.defence === 'none') continue;
    const again = table.find(
      (r) => r.attack === row.attack && r.defence === row.defence && r.partition === row.partition,
    )!;
    const difference = Math.abs(again.accuracy.mean - row.accuracy.mean);
    expect(difference, `${row.attack}, ${row.defence}, ${row.partition}`).toBeLessThanOrEqual(
      expected.tolerance.accuracy,
    );
  }
  expect(verdicts.map(({ claim, holds }) => [claim, holds])).toEqual(
    expected.verdicts.map(({ claim, holds }) => [claim, holds]),
  );
});
