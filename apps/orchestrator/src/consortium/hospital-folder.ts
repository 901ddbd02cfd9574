import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ZkflError } from '../errors.ts';
import { costsSchema, metricsSchema } from './audit-log.ts';
import { BlobStore } from './blobs.ts';
import { base64, canonicalText, digest, parseJsonBy } from './encoding.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { readStudy, type SignedStudy } from './study-file.ts';

const client = z.number().int().min(0).max(499);
const round = z.number().int().min(0).max(1000);

/** Where a hospital stands. Written whole after each step, before anything of the step leaves the hospital. */
const stateSchema = z.strictObject({
  version: z.literal(1),
  study: digest,
  client,
  /** approved by the hospital; null until enrolment is closed */
  roster: digest.nullable(),
  /** blobs: the public aggregation key, and the secret one sealed to this hospital */
  keys: z.strictObject({ publicKey: digest, secret: digest }).nullable(),
  /** rounds that are over for this hospital */
  round,
  /** the global model after them; names its blob */
  model: digest,
  /** the one update of the open round; names its blob. Never made twice once it is here. */
  upload: z.strictObject({ round, digest, signature: base64(3309), costs: costsSchema }).nullable(),
  /** what the coordinator has not been told yet */
  report: z
    .strictObject({ round, model: digest, metrics: metricsSchema.optional(), costs: costsSchema.optional() })
    .nullable(),
  history: z.array(
    z.strictObject({
      round,
      outcome: z.enum(['applied', 'skipped']),
      model: digest,
      own: z.enum(['accepted', 'not in it']),
      metrics: metricsSchema.optional(),
    }),
  ),
});
export type HospitalState = z.infer<typeof stateSchema>;

/** A hospital's own folder: approved study, state, blobs. */
export class HospitalFolder {
  readonly directory: string;
  readonly blobs: BlobStore;
  readonly #lock: FolderLock;

  private constructor(directory: string, blobs: BlobStore, lock: FolderLock) {
    this.directory = directory;
    this.blobs = blobs;
    this.#lock = lock;
  }

  static async open(directory: string): Promise<HospitalFolder> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const lock = lockFolder(directory);
    return new HospitalFolder(directory, await BlobStore.open(directory), lock);
  }

  get keyFile(): string {
    return join(this.directory, 'hospital.key');
  }

  close(): void {
    this.#lock.release();
  }

  /** The study that this hospital has approved; null before that. */
  async study(): Promise<SignedStudy | null> {
    const text = await this.#read('study.json');
    return text === null ? null : readStudy(text);
  }

  /** Keeps the study as approved. */
  async approve(signed: SignedStudy): Promise<void> {
    await this.#write('study.json', signed.text);
  }

  async state(): Promise<HospitalState | null> {
    const text = await this.#read('state.json');
    return text === null ? null : parseJsonBy(stateSchema, text, { code: 'store', what: 'hospital: state.json' });
  }

  async save(state: HospitalState): Promise<void> {
    await this.#write('state.json', canonicalText(state));
  }

  async #read(name: string): Promise<string | null> {
    try {
      return await readFile(join(this.directory, name), 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw new ZkflError('store', `hospital: ${name}: cannot be read`, {}, cause);
    }
  }

  /** Durable under its name when this resolves. */
  async #write(name: string, text: string): Promise<void> {
    const path = join(this.directory, name);
    try {
      {
        await using file = await open(`${path}.partial`, 'w', 0o600);
        await file.writeFile(text);
        await file.sync();
      }
      await rename(`${path}.partial`, path);
      await using folder = await open(this.directory, 'r');
      await folder.sync();
    } catch (cause) {
      throw new ZkflError('store', `hospital: ${name}: cannot be written`, {}, cause);
    }
  }
}
