import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ZkflError } from '../errors.ts';
import { BlobStore } from './blobs.ts';
import { canonicalText, parseJsonBy } from './encoding.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { type HospitalMemory, type HospitalState, hospitalStateSchema } from './hospital-state.ts';
import { readStudy, type SignedStudy } from './study-file.ts';

/** A hospital's own folder: approved study, state, blobs. */
export class HospitalFolder implements HospitalMemory {
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
    return text === null
      ? null
      : parseJsonBy(hospitalStateSchema, text, { code: 'store', what: 'hospital: state.json' });
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
