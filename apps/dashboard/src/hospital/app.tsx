import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import { decimals, percent, spoken } from '../page/format.ts';
import type { FromWorker, RoundLine, ToWorker } from './messages.ts';

type Of<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

interface Tab {
  readonly stage: 'invitation' | 'reading' | 'study' | 'joined' | 'roster' | 'finished';
  readonly study: Of<'study'> | null;
  readonly roster: Of<'roster'> | null;
  readonly rounds: readonly RoundLine[];
  readonly log: readonly { readonly at: string; readonly message: string }[];
  readonly outcome: Of<'finished'> | null;
  readonly problem: string | null;
}

const FRESH: Tab = {
  stage: 'invitation',
  study: null,
  roster: null,
  rounds: [],
  log: [],
  outcome: null,
  problem: null,
};

type Step = FromWorker | { readonly type: 'stage'; readonly stage: Tab['stage'] } | { readonly type: 'restart' };

function advance(tab: Tab, step: Step): Tab {
  switch (step.type) {
    case 'restart':
      return FRESH;
    case 'stage':
      return { ...tab, stage: step.stage, problem: null };
    case 'study':
      return { ...tab, stage: 'study', study: step };
    case 'roster':
      return { ...tab, stage: 'roster', roster: step };
    case 'tell':
      return { ...tab, log: [...tab.log, { at: new Date().toLocaleTimeString(), message: step.message }] };
    case 'rounds':
      return { ...tab, rounds: step.rounds };
    case 'finished':
      return { ...tab, stage: 'finished', outcome: step };
    case 'failed':
      return { ...tab, stage: tab.study === null ? 'invitation' : tab.stage, problem: step.message };
  }
}

function InvitationForm(props: { readonly busy: boolean; onRead(text: string): void }) {
  const [text, setText] = useState('');
  return (
    <section aria-labelledby="invitation-title">
      <h2 id="invitation-title">1. Invitation</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          props.onRead(text);
        }}
      >
        <p>
          The coordinator gave this hospital a file that nobody else has. The study that it names is fetched and checked
          before anything else happens.
        </p>
        <label>
          Invitation file
          <input
            type="file"
            accept="application/json,.json"
            onChange={(event) => void event.currentTarget.files?.[0]?.text().then(setText)}
          />
        </label>
        <label>
          or its text
          <textarea
            rows={5}
            class="digits"
            spellcheck={false}
            required
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={props.busy}>
          {props.busy ? 'Reading…' : 'Read the study'}
        </button>
      </form>
    </section>
  );
}

/** The text that `zkfl hospital` shows, as terms and their meaning: lines that begin with spaces go on. */
function summaryLines(text: string): [string, string][] {
  const lines: [string, string][] = [];
  for (const line of text.split('\n')) {
    const [, term, rest] = /^(\S*)\s+(.*)$/.exec(line)!;
    const last = lines.at(-1);
    if (term === '' && last !== undefined) last[1] += ` ${rest}`;
    else lines.push([term!, rest!]);
  }
  return lines;
}

function StudyForm(props: { readonly study: Of<'study'>; onJoin(name: string): void; onLeave(): void }) {
  const { study } = props;
  const [name, setName] = useState(`hospital ${study.hospital} (browser tab)`);
  return (
    <section aria-labelledby="study-title">
      <h2 id="study-title">2. Approve the study</h2>
      <dl class="summary">
        {summaryLines(study.summary).map(([term, text]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <p>
        This tab would train on {study.samples.train} samples of the demonstration data and measure on{' '}
        {study.samples.heldOut} others. Compare the fingerprint with the one that the coordinator reads to you.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          props.onJoin(name.trim());
        }}
      >
        <label>
          Name, as the other hospitals see it
          <input type="text" required maxLength={200} value={name} onInput={(e) => setName(e.currentTarget.value)} />
        </label>
        <div class="row">
          <button type="submit">Approve and join</button>
          <button type="button" class="quiet" onClick={props.onLeave}>
            Decline
          </button>
        </div>
      </form>
    </section>
  );
}

function RosterForm(props: { readonly roster: Of<'roster'>; onAnswer(approved: boolean): void }) {
  const { roster, members } = props.roster;
  return (
    <section aria-labelledby="roster-title">
      <h2 id="roster-title">3. Approve the roster</h2>
      <p>
        These hospitals will hold the decryption key. Compare the fingerprint with theirs by telephone: a coordinator
        that swapped a key shows here.
      </p>
      <p class="digits">{spoken(roster)}</p>
      <table>
        <caption>Hospitals of this study</caption>
        <thead>
          <tr>
            <th scope="col" class="text">
              Hospital
            </th>
            <th scope="col" class="text">
              Channel key
            </th>
          </tr>
        </thead>
        <tbody>
          {members.map(({ client, name, fingerprint }) => (
            <tr key={client}>
              <th scope="row">{name}</th>
              <td class="text digits">{spoken(fingerprint)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p />
      <div class="row">
        <button type="button" onClick={() => props.onAnswer(true)}>
          Approve the roster
        </button>
        <button type="button" class="quiet" onClick={() => props.onAnswer(false)}>
          Decline
        </button>
      </div>
    </section>
  );
}

function Progress({ tab }: { readonly tab: Tab }) {
  const { rounds, study, log } = tab;
  const shown = useRef<HTMLElement>(null);
  useEffect(() => {
    shown.current!.scrollTop = shown.current!.scrollHeight;
  }, [log]);
  return (
    <>
      <section aria-labelledby="rounds-title">
        <h2 id="rounds-title">Rounds</h2>
        <p>
          <label for="progress">
            {rounds.length} of {study!.rounds} rounds are over
          </label>
          <progress id="progress" max={study!.rounds} value={rounds.length} />
        </p>
        <table>
          <caption>The global model on this hospital’s held-out data</caption>
          <thead>
            <tr>
              <th scope="col" class="text">
                Round
              </th>
              <th scope="col" class="text">
                Own update
              </th>
              <th scope="col">Accuracy</th>
              <th scope="col">Loss</th>
            </tr>
          </thead>
          <tbody>
            {rounds.map(({ round, outcome, own, accuracy, loss }) => (
              <tr key={round}>
                <th scope="row">{round}</th>
                <td class="text">{outcome === 'skipped' ? 'round skipped' : own}</td>
                <td>{percent(accuracy)}</td>
                <td>{decimals(loss)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section aria-labelledby="log-title">
        <h2 id="log-title">What this hospital does</h2>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reached without a mouse */}
        <section class="scroll" aria-label="Log" tabIndex={0} ref={shown}>
          <ol class="log" aria-live="polite">
            {log.map(({ at, message }, i) => (
              <li key={`${i}/${at}`}>
                <time>{at}</time>
                {message}
              </li>
            ))}
          </ol>
        </section>
      </section>
    </>
  );
}

const SECURE = globalThis.isSecureContext;

export function App() {
  const [tab, dispatch] = useReducer(advance, FRESH);
  const worker = useRef<Worker | null>(null);
  const ask = (message: ToWorker) => worker.current!.postMessage(message);
  const taking = tab.stage === 'joined' || tab.stage === 'roster';

  useEffect(() => {
    if (!taking) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [taking]);

  function stop(): void {
    worker.current?.terminate();
    worker.current = null;
  }

  function readInvitation(invitation: string): void {
    stop();
    const made = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'hospital' });
    made.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => dispatch(data));
    made.addEventListener('error', ({ message }) => dispatch({ type: 'failed', message: `worker: ${message}` }));
    worker.current = made;
    dispatch({ type: 'stage', stage: 'reading' });
    ask({ type: 'read', invitation });
  }

  function leave(): void {
    stop();
    dispatch({ type: 'restart' });
  }

  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="page">
        <h1>
          <small>zkfl</small>A hospital in this tab
        </h1>
        <span class={`pill ${tab.problem !== null ? 'bad' : tab.stage === 'finished' ? 'good' : 'wait'}`} role="status">
          {tab.problem !== null ? 'stopped' : STAGES[tab.stage]}
        </span>
        {taking && (
          <button type="button" class="quiet" onClick={leave}>
            Leave the study
          </button>
        )}
      </header>
      <main id="main">
        {!SECURE && (
          <p class="alert bad" role="alert">
            This page needs a secure address (https, or this machine itself): without one a browser offers no
            cryptography.
          </p>
        )}
        {tab.problem !== null && (
          <p class="alert bad" role="alert">
            {tab.problem}
          </p>
        )}
        {(tab.stage === 'invitation' || tab.stage === 'reading') && (
          <InvitationForm busy={tab.stage === 'reading'} onRead={readInvitation} />
        )}
        {tab.stage === 'study' && (
          <StudyForm
            study={tab.study!}
            onJoin={(name) => {
              dispatch({ type: 'stage', stage: 'joined' });
              ask({ type: 'join', name });
            }}
            onLeave={leave}
          />
        )}
        {tab.stage === 'roster' && (
          <RosterForm
            roster={tab.roster!}
            onAnswer={(approved) => {
              dispatch({ type: 'stage', stage: 'joined' });
              ask({ type: 'roster', approved });
            }}
          />
        )}
        {tab.outcome !== null && (
          <section aria-labelledby="outcome-title">
            <h2 id="outcome-title">The study is over</h2>
            <p>The model that this tab computed is the one of the signed audit log.</p>
            <dl>
              <div class="wide">
                <dt>Model</dt>
                <dd class="digits" id="model">
                  {tab.outcome.model}
                </dd>
              </div>
              <div class="wide">
                <dt>Head of the audit log</dt>
                <dd class="digits">{tab.outcome.head}</dd>
              </div>
            </dl>
          </section>
        )}
        {(taking || tab.stage === 'finished') && <Progress tab={tab} />}
      </main>
      <footer class="page">
        A demonstration: its keys and its state live in this tab alone, and closing it leaves the study. Training,
        encryption and proofs run in a worker; the coordinator receives what it would receive from any hospital.{' '}
        <a href="./" target="_blank" rel="noreferrer">
          Dashboard
        </a>
      </footer>
    </>
  );
}

const STAGES: Readonly<Record<Tab['stage'], string>> = {
  invitation: 'not in a study',
  reading: 'reading the study',
  study: 'waiting for your approval',
  joined: 'taking part',
  roster: 'waiting for your approval',
  finished: 'finished',
};
