import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { envelopeOverhead, handshakeBytes, KEMS, RECORD_HEADER_BYTES } from '@zkfl/kem';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${folder}/README.md`, 'utf8');
const NAMES = ['envelope', 'session', 'identity'];

test('the code in the README is the code in examples, and it runs', async () => {
  const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]);
  expect(blocks.length).toBe(NAMES.length);
  for (const [i, name] of NAMES.entries()) {
    expect(blocks[i]).toBe(readFileSync(`${folder}/examples/${name}.ts`, 'utf8'));
    await import(`../examples/${name}.ts`);
  }
});

test('the sizes in the README are those of the code', () => {
  for (const kem of Object.values(KEMS)) {
    const sizes = [kem.publicKeyBytes, kem.secretKeyBytes, kem.ciphertextBytes].join(' | ');
    const id = `0x${kem.id.toString(16).padStart(4, '0')}`;
    const row = readme.split('\n').find((line) => line.includes(`| ${id} `)) ?? '';
    expect(row.replace(/ +/g, ' ')).toContain(`| ${id} | ${sizes} |`);
    expect(row).toContain(kem.name);
  }
  const { message1, message2, message3 } = handshakeBytes();
  expect(readme).toContain(`${message1} + ${message2} + ${message3} bytes`);
  expect(readme).toContain(`${envelopeOverhead()} bytes`);
  expect(readme).toContain(`${RECORD_HEADER_BYTES + 16} bytes`);
});
