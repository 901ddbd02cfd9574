import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { bytes, clock, decimals, percent, short, spoken } from '../page/format.ts';
import { Chart } from './chart.tsx';
import type { DashboardView } from './feed.ts';
import { histories, rejections, type Verdict } from './history.ts';

type Round = DashboardView['rounds'][number];

const seconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} s`;

function Section(props: { readonly id: string; readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section id={props.id} aria-labelledby={`${props.id}-title`}>
      <h2 id={`${props.id}-title`}>{props.title}</h2>
      {props.children}
    </section>
  );
}

/** A table that scrolls by keyboard, too. */
function Table(props: {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** columns that hold text instead of numbers, beside the first */
  readonly text?: readonly number[];
  /** as high as two charts */
  readonly tall?: boolean;
}) {
  const { caption, head, rows, text = [], tall = false } = props;
  const align = (column: number) => (text.includes(column) ? 'text' : undefined);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reached without a mouse
    <section class={tall ? 'scroll tall' : 'scroll'} aria-label={caption} tabIndex={0}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {head.map((name, column) => (
              <th key={name} scope="col" class={column === 0 ? 'text' : align(column)}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.slice(0, 2).join('/')}>
              <th scope="row">{row[0]}</th>
              {row.slice(1).map((cell, i) => (
                <td key={head[i + 1]} class={align(i + 1)}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Drawn, not typed: not every machine has a font with a tick. */
const MARKS: Readonly<Record<Verdict, { readonly path: string; readonly look: string; readonly word: string }>> = {
  accepted: { path: 'M3 8.5l3.5 3.5L13 4.5', look: 'good', word: 'accepted' },
  rejected: { path: 'M4 4l8 8M12 4l-8 8', look: 'bad', word: 'rejected' },
  missing: { path: 'M3 8h10', look: 'wait', word: 'missing' },
  received: { path: 'M3 8h.01M8 8h.01M13 8h.01', look: 'wait', word: 'being verified' },
  awaited: { path: 'M8 3a5 5 0 1 0 .01 0z', look: '', word: 'awaited' },
  none: { path: 'M8 8h.01', look: '', word: 'not in it' },
};

function Mark({ verdict }: { readonly verdict: Verdict }) {
  return (
    <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
      <path d={MARKS[verdict].path} />
    </svg>
  );
}

const PHASES: Readonly<Record<NonNullable<DashboardView['phase']>, string>> = {
  ready: 'ready to open',
  collecting: 'collecting updates',
  draining: 'verifying the last updates',
  aggregating: 'adding up',
  applying: 'hospitals apply the sum',
  finished: 'finished',
  aborted: 'aborted',
};

export function modelText(model: DashboardView['study']['model']): string {
  if (model.kind === 'mlp') return `MLP ${[model.inputs, ...model.hidden, model.classes].join('-')}`;
  return `CNN on ${model.height}×${model.width}×${model.channels}, ${model.classes} classes`;
}

export function StudySection({ view }: { readonly view: DashboardView }) {
  const { study, hospitals } = view;
  return (
    <Section id="study" title="Study">
      <dl>
        <div class="wide">
          <dt>Fingerprint</dt>
          <dd class="digits">{spoken(study.id)}</dd>
        </div>
        <div>
          <dt>Model</dt>
          <dd>{modelText(study.model)}</dd>
        </div>
        <div>
          <dt>Data</dt>
          <dd>
            {study.data.name}: {study.data.classes.join(', ')}
          </dd>
        </div>
        <div>
          <dt>Hospitals</dt>
          <dd>
            {hospitals.length} of {study.hospitals} enrolled; sums of at least {study.cohortMinimum}
          </dd>
        </div>
        <div>
          <dt>Updates</dt>
          <dd>
            {study.protection === 'full' ? 'encrypted and proven' : 'encrypted, not proven'}; norm at most τ ={' '}
            {study.tau}
          </dd>
        </div>
        <div>
          <dt>Rounds</dt>
          <dd>
            {study.rounds}, each open for at most {clock(study.deadlineSeconds)} min
          </dd>
        </div>
        <div>
          <dt>Created</dt>
          <dd>
            <time dateTime={study.created}>{new Date(study.created).toLocaleString()}</time>
          </dd>
        </div>
        <div class="wide">
          <dt>Keys</dt>
          <dd>
            One decryption key, shared by the hospitals and unknown to the coordinator. It protects updates only while
            no hospital works with the coordinator.
          </dd>
        </div>
      </dl>
    </Section>
  );
}

function Countdown({ view }: { readonly view: DashboardView }) {
  const [received] = useState(() => Date.now());
  const [now, setNow] = useState(received);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  // The coordinator's clock decides; only the time that passed here since is ours.
  return view.closesAt === null ? null : (
    <>· closes in {clock((view.closesAt - view.now - (now - received)) / 1000)} min</>
  );
}

export function RoundSection({ view }: { readonly view: DashboardView }) {
  const { study, rounds, standings, queue } = view;
  const open = view.status === 'running' && standings.length > 0;
  return (
    <Section id="round" title="Now">
      <p>
        <label for="progress">
          {rounds.length} of {study.rounds} rounds are over
        </label>
        <progress id="progress" max={study.rounds} value={rounds.length} />
      </p>
      {open && (
        <>
          <p>
            Round {view.round}: {PHASES[view.phase!]}{' '}
            {view.closesAt !== null && <Countdown key={view.revision} view={view} />}
            {queue > 0 && <> · {queue} in the verification queue</>}
          </p>
          <ul class="chips" aria-label={`Updates of round ${view.round}`}>
            {standings.map((standing) => {
              const { look, word } = MARKS[standing.is];
              const name = view.hospitals.find(({ client }) => client === Number(standing.client))?.name;
              return (
                <li key={standing.client} class={`pill ${look}`}>
                  <Mark verdict={standing.is} /> {name ?? `hospital ${standing.client}`}: {word}
                </li>
              );
            })}
          </ul>
        </>
      )}
      {view.status === 'enrolling' && (
        <p>
          Waiting for hospitals: {view.hospitals.length} of {study.hospitals} have enrolled.
        </p>
      )}
      {view.status === 'keying' && <p>The first hospital makes the aggregation key and shares it with the others.</p>}
      {view.status === 'finished' && <p>The study is over. Every hospital has the final model.</p>}
      {view.status === 'aborted' && <p class="alert bad">The study was aborted; its audit log says why.</p>}
      {view.problem !== null && (
        <p class="alert bad" role="alert">
          The coordinator is kept from its work: {view.problem}
        </p>
      )}
    </Section>
  );
}

const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
const plain = (value: number): string => value.toFixed(2);

export function LearningSection({ rounds }: { readonly rounds: readonly Round[] }) {
  const numbers = rounds.map(({ round }) => round);
  const last = rounds.at(-1);
  const known = rounds.some(({ accuracy }) => accuracy !== null);
  return (
    <Section id="learning" title="Learning">
      {!known && (
        <p class="soft">
          {rounds.length === 0 ? 'No round is over yet.' : 'This study keeps accuracy and loss at the hospitals.'}
        </p>
      )}
      {known && (
        <div class="pair">
          <div>
            <h3>Accuracy</h3>
            <Chart
              kind="lines"
              label={`Mean accuracy by round, ${percent(last?.accuracy ?? null)} after round ${last?.round}`}
              rounds={numbers}
              series={[{ name: 'accuracy', values: rounds.map(({ accuracy }) => accuracy) }]}
              format={share}
              most={1}
            />
            <h3>Loss</h3>
            <Chart
              kind="lines"
              label={`Mean loss by round, ${decimals(last?.loss ?? null)} after round ${last?.round}`}
              rounds={numbers}
              series={[{ name: 'loss', values: rounds.map(({ loss }) => loss) }]}
              format={plain}
            />
          </div>
          <Table
            tall
            caption="Mean of what the hospitals measured on held-out data"
            head={['Round', 'Accuracy', 'Loss', 'Reports', 'Model']}
            rows={rounds.map(({ round, accuracy, loss, reports, model }) => [
              round,
              percent(accuracy),
              decimals(loss),
              reports.length,
              short(model),
            ])}
          />
        </div>
      )}
    </Section>
  );
}

export function HospitalsSection({ view }: { readonly view: DashboardView }) {
  const table = histories(view);
  const refused = rejections(view);
  const columns = Math.max(0, ...table.map(({ verdicts }) => verdicts.length));
  const numbers = Array.from({ length: columns }, (_, i) => i + 1);
  const caption = 'Updates of each hospital by round';
  return (
    <Section id="hospitals" title="Hospitals">
      {table.length === 0 && <p class="soft">None has enrolled yet.</p>}
      {table.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reached without a mouse
        <section class="scroll low" aria-label={caption} tabIndex={0}>
          <table>
            <caption>{caption}</caption>
            <thead>
              <tr>
                <th scope="col" class="text">
                  Hospital
                </th>
                {numbers.map((round) => (
                  <th key={round} scope="col" class="mark">
                    {round}
                  </th>
                ))}
                <th scope="col">Accepted</th>
                <th scope="col">Rejected</th>
                <th scope="col">Missing</th>
              </tr>
            </thead>
            <tbody>
              {table.map(({ client, name, fingerprint, verdicts, accepted, rejected, missing }) => (
                <tr key={client}>
                  <th scope="row">
                    {name} <span class="soft digits">{short(fingerprint)}</span>
                  </th>
                  {numbers.map((round, i) => {
                    const verdict = verdicts[i] ?? 'none';
                    const { look, word } = MARKS[verdict];
                    return (
                      <td key={round} class={`mark ${look}`}>
                        <Mark verdict={verdict} />
                        <span class="hidden">{word}</span>
                      </td>
                    );
                  })}
                  <td>{accepted}</td>
                  <td>{rejected}</td>
                  <td>{missing}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {table.length > 0 && (
        <ul class="chips" aria-label="What the marks mean">
          {(['accepted', 'rejected', 'missing', 'received', 'awaited'] as const).map((verdict) => (
            <li key={verdict} class="soft">
              <Mark verdict={verdict} /> {MARKS[verdict].word}
            </li>
          ))}
        </ul>
      )}
      <h3>Rejections</h3>
      {refused.length === 0 ? (
        <p class="soft">None so far.</p>
      ) : (
        <Table
          caption="Rejected updates, the latest first"
          head={['Round', 'Hospital', 'Reason']}
          rows={refused.map(({ round, client, name, reason }) => [round, name || `hospital ${client}`, reason])}
          text={[1, 2]}
        />
      )}
    </Section>
  );
}

const TIMES = ['train', 'encrypt', 'prove', 'verify', 'decrypt'] as const;
const LOADS = { ciphertexts: 'ciphertexts up', proofs: 'proofs up', sums: 'sums down' } as const;

export function CostSection({ rounds }: { readonly rounds: readonly Round[] }) {
  const numbers = rounds.map(({ round }) => round);
  const total = (round: Round) => TIMES.reduce((sum, phase) => sum + round.seconds[phase], 0);
  const last = rounds.at(-1);
  const names = Object.keys(LOADS) as (keyof typeof LOADS)[];
  const load = (round: Round) => names.reduce((sum, name) => sum + round.bytes[name], 0);
  return (
    <Section id="cost" title="Cost">
      {last === undefined ? (
        <p class="soft">No round is over yet.</p>
      ) : (
        <>
          <h3>Seconds by phase</h3>
          <div class="pair">
            <Chart
              kind="stack"
              label={`CPU seconds by phase and round, ${seconds(total(last))} in round ${last.round}`}
              rounds={numbers}
              series={TIMES.map((phase) => ({ name: phase, values: rounds.map((round) => round.seconds[phase]) }))}
              format={seconds}
            />
            <Table
              caption="CPU seconds, added up over the parties that reported them; a browser tab can only tell wall seconds"
              head={['Round', ...TIMES]}
              rows={rounds.map((round) => [round.round, ...TIMES.map((phase) => decimals(round.seconds[phase], 2))])}
            />
          </div>
          <h3>Bytes by phase</h3>
          <div class="pair">
            <Chart
              kind="stack"
              label={`Bytes by phase and round, ${bytes(load(last))} in round ${last.round}`}
              rounds={numbers}
              series={names.map((name) => ({ name: LOADS[name], values: rounds.map((round) => round.bytes[name]) }))}
              format={bytes}
            />
            <Table
              caption="Bytes of updates and sums, added up over the hospitals"
              head={['Round', ...names.map((name) => LOADS[name])]}
              rows={rounds.map((round) => [round.round, ...names.map((name) => bytes(round.bytes[name]))])}
            />
          </div>
        </>
      )}
    </Section>
  );
}

export function AuditSection({ view }: { readonly view: DashboardView }) {
  const { audit, roster } = view;
  return (
    <Section id="audit" title="Audit">
      <dl>
        <div class="wide">
          <dt>Head of the log</dt>
          <dd class="digits">{audit === null ? '–' : spoken(audit.hash)}</dd>
        </div>
        <div class="wide">
          <dt>Roster of hospitals</dt>
          <dd class="digits">{roster === null ? 'not closed yet' : spoken(roster)}</dd>
        </div>
        <div>
          <dt>Entries</dt>
          <dd>{audit?.entries ?? 0}</dd>
        </div>
        <div>
          <dt>Last entry</dt>
          <dd>
            {audit === null ? (
              '–'
            ) : (
              <time dateTime={new Date(audit.at).toISOString()}>{new Date(audit.at).toLocaleString()}</time>
            )}
          </dd>
        </div>
      </dl>
    </Section>
  );
}
