import { useEffect, useState } from 'preact/hooks';
import { type DashboardView, type FeedStatus, follow } from './feed.ts';
import {
  AuditSection,
  CostSection,
  HospitalsSection,
  LearningSection,
  RoundSection,
  StudySection,
} from './sections.tsx';

const KEPT = 'zkfl.dashboard.token';

/** From the address once (`#token=…`, which is never sent and is removed at once), else from this tab's memory. */
function knownToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given === null) return sessionStorage.getItem(KEPT);
  history.replaceState(null, '', location.pathname);
  return given;
}

const LINKS = [
  ['round', 'Now'],
  ['learning', 'Learning'],
  ['hospitals', 'Hospitals'],
  ['cost', 'Cost'],
  ['study', 'Study'],
  ['audit', 'Audit'],
] as const;

const STATUS: Readonly<Record<DashboardView['status'], { readonly look: string; readonly word: string }>> = {
  enrolling: { look: 'wait', word: 'enrolling' },
  keying: { look: 'wait', word: 'agreeing on a key' },
  running: { look: 'good', word: 'running' },
  finished: { look: 'good', word: 'finished' },
  aborted: { look: 'bad', word: 'aborted' },
};

function TokenForm(props: { readonly denied: boolean; onToken(token: string): void }) {
  const [token, setToken] = useState('');
  return (
    <main id="main">
      <section aria-labelledby="sign-in">
        <h2 id="sign-in">Access</h2>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (token !== '') props.onToken(token.trim());
          }}
        >
          <p>The token that the coordinator was started with. It only reads, and is forgotten when this tab closes.</p>
          {props.denied && (
            <p class="alert bad" role="alert">
              The coordinator does not know this token.
            </p>
          )}
          <label>
            Dashboard token
            <input
              type="password"
              autocomplete="off"
              required
              value={token}
              onInput={(event) => setToken(event.currentTarget.value)}
            />
          </label>
          <button type="submit">Open the dashboard</button>
        </form>
      </section>
    </main>
  );
}

export function App() {
  const [token, setToken] = useState(knownToken);
  const [denied, setDenied] = useState(false);
  const [status, setStatus] = useState<FeedStatus>('connecting');
  const [view, setView] = useState<DashboardView | null>(null);

  useEffect(() => {
    if (token === null) return;
    const gone = new AbortController();
    void follow({
      url: new URL('v1/dashboard/events', location.href).href,
      token,
      signal: gone.signal,
      onState(next) {
        sessionStorage.setItem(KEPT, token);
        setView(next);
      },
      onStatus(next) {
        setStatus(next);
        if (next === 'denied') leave(true);
      },
    });
    return () => gone.abort();
  }, [token]);

  useEffect(() => {
    document.title = view === null ? 'zkfl dashboard' : `${view.study.name}: ${STATUS[view.status].word}`;
  }, [view]);

  function leave(refused: boolean): void {
    sessionStorage.removeItem(KEPT);
    setDenied(refused);
    setToken(null);
    setView(null);
  }

  const now = view === null ? null : STATUS[view.status];
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="page">
        <h1>
          <small>zkfl dashboard</small>
          {view?.study.name ?? 'A study'}
        </h1>
        {now !== null && (
          <span class={`pill ${now.look}`} role="status">
            {now.word}
            {view!.status === 'running' && `, round ${view!.round} of ${view!.study.rounds}`}
          </span>
        )}
        {token !== null && (
          <>
            <span class={`pill ${status === 'live' ? 'good' : 'wait'}`} role="status">
              {status === 'live' && <span class="dot" aria-hidden="true" />}
              {status === 'live' ? 'live' : status === 'retrying' ? 'no connection: trying again' : 'connecting'}
            </span>
            <button type="button" class="quiet" onClick={() => leave(false)}>
              Sign out
            </button>
          </>
        )}
        {view !== null && (
          <nav aria-label="Sections" style="flex-basis: 100%">
            <ul>
              {LINKS.map(([id, name]) => (
                <li key={id}>
                  <a href={`#${id}`}>{name}</a>
                </li>
              ))}
            </ul>
          </nav>
        )}
      </header>
      {token === null && (
        <TokenForm
          denied={denied}
          onToken={(given) => {
            setDenied(false);
            setToken(given);
          }}
        />
      )}
      {token !== null && view === null && (
        <main id="main">
          <p class="soft">Connecting to the coordinator…</p>
        </main>
      )}
      {view !== null && (
        <main id="main" tabIndex={-1}>
          <RoundSection view={view} />
          <LearningSection rounds={view.rounds} />
          <HospitalsSection view={view} />
          <CostSection rounds={view.rounds} />
          <StudySection view={view} />
          <AuditSection view={view} />
        </main>
      )}
      <footer class="page">
        Read only. The coordinator sees sums, proofs and what hospitals report, never an update or a datum.{' '}
        <a href="hospital.html">Join as a hospital in this browser</a>
      </footer>
    </>
  );
}
