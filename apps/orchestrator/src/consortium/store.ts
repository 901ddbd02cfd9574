import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { parseRoundState, type RoundState } from '@zkfl/fl-core';
import { ZkflError } from '../errors.ts';
import type { Costs, Metrics, SignedEntry } from './audit-log.ts';
import { BlobStore, storageError } from './blobs.ts';
import type { Enrolment, Member } from './enrolment.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';

/** Of the schema below; a database of a newer program is left alone. */
const SCHEMA_VERSION = 1;

const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE tokens (hash TEXT PRIMARY KEY, client INTEGER NOT NULL UNIQUE) STRICT;
CREATE TABLE hospitals (
  client INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, signature_key TEXT NOT NULL UNIQUE,
  enrolment TEXT NOT NULL) STRICT;
CREATE TABLE uploads (
  round INTEGER NOT NULL, client INTEGER NOT NULL, digest TEXT NOT NULL, bytes INTEGER NOT NULL,
  signature TEXT NOT NULL, PRIMARY KEY (round, client)) STRICT;
CREATE TABLE sums (round INTEGER PRIMARY KEY, digest TEXT NOT NULL, signature TEXT NOT NULL, apply_by INTEGER NOT NULL) STRICT;
CREATE TABLE reports (
  round INTEGER NOT NULL, client INTEGER NOT NULL, model TEXT NOT NULL, metrics TEXT, costs TEXT,
  PRIMARY KEY (round, client)) STRICT;
CREATE TABLE verdicts (
  round INTEGER NOT NULL, client INTEGER NOT NULL, verdict TEXT NOT NULL, reason TEXT, seconds REAL NOT NULL,
  PRIMARY KEY (round, client)) STRICT;
CREATE TABLE audit (seq INTEGER PRIMARY KEY, entry TEXT NOT NULL, hash TEXT NOT NULL, signature TEXT NOT NULL) STRICT;
`;

export interface Upload {
  readonly round: number;
  readonly client: number;
  readonly digest: string;
  readonly bytes: number;
  /** the hospital's over the digest, base64 */
  readonly signature: string;
}
export interface SumRow {
  readonly round: number;
  readonly digest: string;
  /** the coordinator's over the accepted list, base64 */
  readonly signature: string;
  /** ms since 1970-01-01 UTC */
  readonly applyBy: number;
}
export interface ReportRow {
  readonly round: number;
  readonly client: number;
  readonly model: string;
  readonly metrics: Metrics | null;
  readonly costs: Costs | null;
}
export interface VerdictRow {
  readonly round: number;
  readonly client: number;
  readonly verdict: 'accepted' | 'rejected';
  readonly reason: string | null;
  readonly seconds: number;
}
/** The aggregation key as its maker handed it over. */
export interface KeyRecord {
  readonly maker: number;
  /** digest of the blob with the public key */
  readonly publicKey: string;
  /** digests of the blobs with the sealed secret keys */
  readonly packages: readonly { readonly client: number; readonly digest: string }[];
  readonly signature: string;
}

type Row = Record<string, string | number | null>;
const orNull = <T>(text: string | number | null | undefined): T | null =>
  text === null || text === undefined ? null : (JSON.parse(String(text)) as T);

/** The coordinator's memory: what a transaction wrote survives `kill -9`, what none wrote never happened. */
export class Store {
  readonly blobs: BlobStore;
  readonly #db: DatabaseSync;
  readonly #lock: FolderLock | null;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(db: DatabaseSync, lock: FolderLock | null, blobs: BlobStore) {
    this.#db = db;
    this.#lock = lock;
    this.blobs = blobs;
  }

  /**
   * Opens or creates the store in `directory`; `exclusive` for the one process that writes. Throws `store` for a newer
   * database and where another process holds it.
   */
  static async open(directory: string, { exclusive }: { readonly exclusive: boolean }): Promise<Store> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, 'study.db');
    const lock = exclusive ? lockFolder(directory) : null;
    let db: DatabaseSync;
    try {
      db = new DatabaseSync(path, { timeout: 1000 });
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    } catch (cause) {
      lock?.release();
      throw new ZkflError('store', `store: ${path}: cannot be opened`, { path }, cause);
    }
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version > SCHEMA_VERSION) {
      db.close();
      lock?.release();
      throw new ZkflError(
        'store',
        `store: ${path}: version: got ${version}, want ≤ ${SCHEMA_VERSION}: a newer zkfl wrote it; install that version`,
        { version },
      );
    }
    if (version === 0) db.exec(`BEGIN; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
    return new Store(db, lock, await BlobStore.open(directory));
  }

  close(): void {
    this.#db.close();
    this.#lock?.release();
  }

  /** All of `write` or nothing. Throws `store` where the disk does not take it. */
  transaction(write: () => void): void {
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      write();
      this.#db.exec('COMMIT');
    } catch (cause) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      if (cause instanceof ZkflError) throw cause;
      throw storageError('study.db', cause);
    }
  }

  meta(key: 'roster' | 'state' | 'keys' | 'study' | 'abort'): string | null {
    return (this.#get('SELECT value FROM meta WHERE key = ?', key)?.['value'] as string | undefined) ?? null;
  }

  setMeta(key: 'roster' | 'state' | 'keys' | 'study' | 'abort', value: string): void {
    this.#run('INSERT OR REPLACE INTO meta VALUES (?, ?)', key, value);
  }

  state(): RoundState | null {
    const text = this.meta('state');
    return text === null ? null : parseRoundState(text);
  }

  saveState(state: RoundState): void {
    this.setMeta('state', JSON.stringify(state));
  }

  keys(): KeyRecord | null {
    return orNull<KeyRecord>(this.meta('keys'));
  }

  addToken(hash: string, client: number): void {
    this.#run('INSERT INTO tokens VALUES (?, ?)', hash, client);
  }

  clientOfToken(hash: string): number | null {
    return (this.#get('SELECT client FROM tokens WHERE hash = ?', hash)?.['client'] as number | undefined) ?? null;
  }

  addHospital(client: number, enrolment: Enrolment): void {
    const { channelFingerprint, signatureKey } = enrolment;
    this.#run(
      'INSERT INTO hospitals VALUES (?, ?, ?, ?)',
      client,
      channelFingerprint,
      signatureKey,
      JSON.stringify(enrolment),
    );
  }

  members(): Member[] {
    return this.#all('SELECT client, enrolment FROM hospitals ORDER BY client').map((row) => ({
      client: row['client'] as number,
      enrolment: JSON.parse(String(row['enrolment'])) as Enrolment,
    }));
  }

  upload(round: number, client: number): Upload | null {
    return (this.#get('SELECT * FROM uploads WHERE round = ? AND client = ?', round, client) as Upload | null) ?? null;
  }

  uploads(): Upload[] {
    return this.#all('SELECT * FROM uploads ORDER BY round, client') as unknown as Upload[];
  }

  putUpload({ round, client, digest, bytes, signature }: Upload): void {
    this.#run('INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?, ?)', round, client, digest, bytes, signature);
  }

  sum(round: number): SumRow | null {
    const row = this.#get('SELECT round, digest, signature, apply_by AS applyBy FROM sums WHERE round = ?', round);
    return (row as unknown as SumRow | null) ?? null;
  }

  putSum({ round, digest, signature, applyBy }: SumRow): void {
    this.#run('INSERT OR REPLACE INTO sums VALUES (?, ?, ?, ?)', round, digest, signature, applyBy);
  }

  reports(round?: number): ReportRow[] {
    const rows =
      round === undefined
        ? this.#all('SELECT * FROM reports ORDER BY round, client')
        : this.#all('SELECT * FROM reports WHERE round = ? ORDER BY client', round);
    return rows.map((row) => ({
      round: row['round'] as number,
      client: row['client'] as number,
      model: row['model'] as string,
      metrics: orNull<Metrics>(row['metrics']),
      costs: orNull<Costs>(row['costs']),
    }));
  }

  putReport({ round, client, model, metrics, costs }: ReportRow): void {
    const text = (value: unknown) => (value === null ? null : JSON.stringify(value));
    this.#run('INSERT INTO reports VALUES (?, ?, ?, ?, ?)', round, client, model, text(metrics), text(costs));
  }

  verdicts(): VerdictRow[] {
    return this.#all('SELECT * FROM verdicts ORDER BY round, client') as unknown as VerdictRow[];
  }

  putVerdict({ round, client, verdict, reason, seconds }: VerdictRow): void {
    this.#run('INSERT INTO verdicts VALUES (?, ?, ?, ?, ?)', round, client, verdict, reason, seconds);
  }

  lastEntry(): SignedEntry | null {
    return this.entries({ from: -1, limit: 1 }).at(0) ?? null;
  }

  /** In order; `from` −1 is the last entry alone. */
  entries({ from, limit }: { readonly from: number; readonly limit: number }): SignedEntry[] {
    const rows =
      from < 0
        ? this.#all('SELECT * FROM audit ORDER BY seq DESC LIMIT 1')
        : this.#all('SELECT * FROM audit WHERE seq >= ? ORDER BY seq LIMIT ?', from, limit);
    return rows.map((row) => ({
      entry: JSON.parse(String(row['entry'])) as SignedEntry['entry'],
      hash: String(row['hash']),
      signature: String(row['signature']),
    }));
  }

  addEntry({ entry, hash, signature }: SignedEntry): void {
    this.#run('INSERT INTO audit VALUES (?, ?, ?, ?)', entry.seq, JSON.stringify(entry), hash, signature);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #get(sql: string, ...values: SQLInputValue[]): Row | null {
    return (this.#statement(sql).get(...values) as Row | undefined) ?? null;
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#statement(sql).run(...values);
  }
}
