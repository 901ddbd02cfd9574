import {
  AttackError,
  type CellConfig,
  DEFENCE_NAMES,
  defence,
  POISONING_ATTACKS,
  requireCompatible,
} from '@zkfl/attacks';
import type { DatasetName, Protection } from '../config.ts';
import { ZkflError } from '../errors.ts';
import { didYouMean } from '../nearest.ts';

/** What the command was asked for; absent means the named matrix's own. */
export interface MatrixRequest {
  readonly matrix?: MatrixName;
  readonly attack?: readonly string[];
  readonly defence?: readonly string[];
  readonly dataset?: readonly DatasetName[];
  readonly partition?: readonly string[];
  readonly seeds?: number;
  readonly rounds?: number;
  readonly clients?: number;
  readonly malicious?: number;
  readonly attackFrom?: number;
  /** Under `full` and `kem+he` rules that need plaintext updates are refused. */
  readonly protection?: Protection;
}

/** A matrix, settled: together with the data it decides every cell. */
export interface MatrixConfig {
  readonly matrix: MatrixName;
  readonly attacks: readonly string[];
  readonly defences: readonly string[];
  readonly datasets: readonly DatasetName[];
  readonly partitions: readonly string[];
  readonly seeds: readonly number[];
  readonly clients: number;
  /** Share of the clients, 0–0.5. */
  readonly maliciousShare: number;
  readonly attackFrom: number;
  /** null: as many as the data set's workload has. */
  readonly rounds: number | null;
  readonly protection: Protection;
}

export const MATRICES = ['default', 'full', 'small', 'skewed', 'xrays'] as const;

/** The matrices whose tables the documents quote, and what else their pages hold. */
export const DOCUMENTED: readonly {
  readonly matrix: MatrixName;
  readonly privacy: boolean;
  readonly proofs: boolean;
}[] = [
  { matrix: 'small', privacy: false, proofs: false },
  { matrix: 'default', privacy: true, proofs: true },
  { matrix: 'skewed', privacy: false, proofs: false },
  { matrix: 'xrays', privacy: false, proofs: false },
];
export type MatrixName = (typeof MATRICES)[number];

export const ATTACK_NAMES: readonly string[] = ['none', ...Object.keys(POISONING_ATTACKS)];

const SEEDS = [1, 2, 3, 4, 5];
const COMPARED = ['none', 'norm', 'norm+direction', 'recommended', 'multi-krum', 'centred-clipping'];

const PRESETS: Readonly<
  Record<MatrixName, Pick<MatrixConfig, 'attacks' | 'defences' | 'datasets' | 'partitions' | 'seeds'>>
> = {
  default: {
    attacks: ATTACK_NAMES,
    defences: COMPARED,
    datasets: ['wdbc'],
    partitions: ['iid', 'dirichlet-0.5'],
    seeds: SEEDS,
  },
  full: {
    attacks: ATTACK_NAMES,
    // Bulyan needs 4f + 3 clients: 11 for two malicious ones.
    defences: DEFENCE_NAMES.filter((name) => name !== 'bulyan'),
    datasets: ['wdbc', 'pneumoniamnist', 'published'],
    partitions: ['iid', 'dirichlet-1', 'dirichlet-0.5', 'dirichlet-0.1'],
    seeds: SEEDS,
  },
  skewed: {
    attacks: ['none', 'gaussian', 'scaling', 'model-replacement', 'sign-flip', 'adaptive'],
    defences: ['none', 'norm', 'recommended', 'multi-krum'],
    datasets: ['wdbc'],
    partitions: ['dirichlet-1', 'dirichlet-0.1'],
    seeds: SEEDS,
  },
  xrays: {
    attacks: ['none', 'sign-flip', 'backdoor', 'adaptive'],
    defences: ['none', 'norm', 'recommended', 'multi-krum'],
    datasets: ['pneumoniamnist'],
    partitions: ['iid', 'dirichlet-0.5'],
    seeds: SEEDS,
  },
  small: {
    attacks: ['none', 'gaussian', 'sign-flip', 'model-replacement', 'adaptive'],
    defences: ['none', 'norm', 'recommended', 'multi-krum'],
    datasets: ['wdbc'],
    partitions: ['iid'],
    seeds: [1],
  },
};

/** Settles a request; throws `usage` on names that don't exist and on combinations that can't be run. */
export function settleMatrix(request: MatrixRequest): MatrixConfig {
  const {
    matrix = 'default',
    clients = 10,
    malicious = 0.2,
    attackFrom = 1,
    rounds = null,
    protection = 'plain',
  } = request;
  const preset = PRESETS[matrix];
  const seeds = request.seeds === undefined ? preset.seeds : Array.from({ length: request.seeds }, (_, i) => i + 1);
  const config: MatrixConfig = {
    matrix,
    attacks: known('attack', request.attack ?? preset.attacks, ATTACK_NAMES),
    defences: known('defence', request.defence ?? preset.defences, DEFENCE_NAMES),
    datasets: request.dataset ?? preset.datasets,
    partitions: request.partition ?? preset.partitions,
    seeds,
    clients,
    maliciousShare: malicious,
    attackFrom,
    rounds,
    protection,
  };
  if (!(malicious > 0 && malicious <= 0.5)) refuse(`malicious: got ${malicious}, want a share in (0, 0.5]`);
  for (const name of config.partitions)
    if (name !== 'iid' && !/^dirichlet-(?!0+(\.0+)?$)\d+(\.\d+)?$/.test(name))
      refuse(`partition: got ${name}, want iid or dirichlet-ALPHA, such as dirichlet-0.5`);
  if (new Set(config.partitions).size < config.partitions.length) refuse('partition: got one twice, want each once');
  for (const name of config.defences) requireRunnable(name, config);
  return config;
}

/** Is this the named matrix as it stands? Only such a result may bear its name. */
export const isAsNamed = (config: MatrixConfig): boolean =>
  JSON.stringify(config) === JSON.stringify(settleMatrix({ matrix: config.matrix, protection: config.protection }));

/** Every cell, undefended ones first within a data set: controls are known early. */
export function cellsOf(config: MatrixConfig): CellConfig[] {
  const cells: CellConfig[] = [];
  for (const data of config.datasets)
    for (const partition of config.partitions)
      for (const defenceName of config.defences)
        for (const attack of config.attacks)
          for (const seed of config.seeds)
            cells.push({
              attack,
              defence: defenceName,
              data,
              partition,
              seed,
              maliciousShare: config.maliciousShare,
              attackFrom: config.attackFrom,
            });
  return cells;
}

/** Names a cell within one matrix. */
export const cellKey = ({ attack, defence: defended, data, partition, seed }: CellConfig): string =>
  [data, partition, defended, attack, seed].join('/');

function requireRunnable(name: string, config: MatrixConfig): void {
  const malicious = Math.max(1, Math.round(config.maliciousShare * config.clients));
  try {
    requireCompatible(defence(name, malicious), config.protection);
  } catch (error) {
    if (error instanceof AttackError) refuse(error.message, error);
    throw error;
  }
  const least: Readonly<Record<string, number>> = {
    krum: 2 * malicious + 3,
    'multi-krum': 2 * malicious + 3,
    bulyan: 4 * malicious + 3,
    'trimmed-mean': 2 * malicious + 1,
  };
  const want = least[name] ?? 1;
  if (config.clients < want)
    refuse(`defence: ${name} with ${malicious} malicious: clients: got ${config.clients}, want ≥ ${want}`);
}

function known(field: string, asked: readonly string[], names: readonly string[]): readonly string[] {
  for (const name of asked)
    if (!names.includes(name))
      refuse(`${field}: got ${name}, want one of ${names.join(', ')}${didYouMean(name, names)}`);
  return asked;
}

function refuse(what: string, cause?: unknown): never {
  throw new ZkflError('usage', `attack: ${what}`, {}, cause);
}
