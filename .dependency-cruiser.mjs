/** Arrows run one way: primitives stand alone, attacks may use fl-core, the app may use everything. */
const primitive = (name) => ({
  name: `${name}-stands-alone`,
  severity: 'error',
  from: { path: `^packages/${name}/(src|bench)` },
  to: { path: '^(packages|apps)/', pathNot: `^packages/${name}/` },
});
export default {
  forbidden: [
    ...['kem', 'he-agg', 'lattice-zk', 'fl-core'].map(primitive),
    {
      name: 'attacks-use-fl-core-only',
      severity: 'error',
      from: { path: '^packages/attacks/(src|bench)' },
      to: { path: '^(packages|apps)/', pathNot: '^packages/(attacks|fl-core)/' },
    },
    { name: 'nothing-imports-the-app', severity: 'error', from: { path: '^packages/' }, to: { path: '^apps/' } },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'testing-doors-stay-out-of-production',
      comment: 'Seeded provers and encryptors exist for tests and benchmarks only.',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/src/', pathNot: '(^|/)testing(\\.ts$|/)' },
      to: { path: '^packages/[^/]+/src/testing(\\.ts$|/)' },
    },
    {
      name: 'no-deep-imports',
      severity: 'error',
      from: { path: '^apps/' },
      to: { path: '^packages/[^/]+/src/(?!index\\.ts$|testing(\\.ts|/index\\.ts)$)' },
    },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|assembly|vectors)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@zkfl/source', 'import', 'require', 'node', 'default', 'types'],
    },
  },
};
