// Makes dicom/dictionary.generated.ts and dicom/confidentiality.generated.ts from the tables of the standard.
//   node scripts/generate-dicom-tables.mjs --standard DIR [--check]
// DIR holds ps3-6-attributes.json and ps3-15-e1-1.json of innolitics/dicom-standard (MIT; table text by NEMA).
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

// The E.1-1 table had a wrong row once: a new version of a source is looked at before its digest is written here.
const DIGESTS = {
  'ps3-6-attributes.json': '7ea2ab68d02f03289a87cacfb15bcc0a68380b2e01b7d19b6e1a609559bd82cc',
  'ps3-15-e1-1.json': 'a99a35d1278e2bace8d90ff791b11aea2d45f1e3e1230388eb5224c9dbcd29e6',
};

const OPTIONS = {
  rtnSafePrivOpt: 'retainSafePrivate',
  rtnUIDsOpt: 'retainUids',
  rtnDevIdOpt: 'retainDeviceIdentity',
  rtnInstIdOpt: 'retainInstitutionIdentity',
  rtnPatCharsOpt: 'retainPatientCharacteristics',
  rtnLongFullDatesOpt: 'retainLongFullDates',
  rtnLongModifDatesOpt: 'retainLongModifiedDates',
  cleanDescOpt: 'cleanDescriptors',
  cleanStructContOpt: 'cleanStructuredContent',
  cleanGraphOpt: 'cleanGraphics',
};

function readPinned(folder, name) {
  const bytes = fs.readFileSync(path.join(folder, name));
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== DIGESTS[name]) throw new Error(`${name}: digest ${digest} is not the pinned one`);
  return JSON.parse(bytes.toString('utf8'));
}

const HEADER = '// Made by scripts/generate-dicom-tables.mjs. Do not edit.\n';

/** @returns {string} the text of dictionary.generated.ts */
export function makeDictionary(folder) {
  const rows = readPinned(folder, 'ps3-6-attributes.json')
    .filter((row) => row.keyword !== '' && !row.id.startsWith('fffe'))
    .map((row) => {
      const vr = row.valueRepresentation.replaceAll(' or ', '/') || 'UN';
      const vm = row.valueMultiplicity.replaceAll(' ', '') || '1';
      return `${row.id.toUpperCase().replaceAll('X', 'x')} ${vr} ${vm} ${row.keyword}`;
    })
    .sort();
  return `${HEADER}// Source: ps3-6-attributes.json, sha256 ${DIGESTS['ps3-6-attributes.json']}

/** PS3.6 and PS3.7 attributes, one a line: tag (\`x\`: any digit of a repeating group), VRs, VM, keyword. */
export const DICTIONARY_ROWS = \`${rows.join('\n')}\`;
`;
}

/** @returns {string} the text of confidentiality.generated.ts */
export function makeConfidentiality(folder) {
  const rows = readPinned(folder, 'ps3-15-e1-1.json').map((row) => {
    const pattern = row.id.startsWith('gggg') ? 'private' : row.id.toUpperCase().replaceAll('X', 'x');
    const options = Object.entries(OPTIONS)
      .filter(([column]) => row[column] !== undefined)
      .map(([column, option]) => `${option}=${row[column]}`);
    return [pattern, row.basicProfile, ...options].join(' ');
  });
  return `${HEADER}// Source: ps3-15-e1-1.json, sha256 ${DIGESTS['ps3-15-e1-1.json']}

/**
 * PS3.15 table E.1-1, one attribute a line: tag (\`x\`: any digit; \`private\`: every odd group), the action of the Basic
 * Profile, then the action of each option that names one.
 */
export const CONFIDENTIALITY_ROWS = \`${rows.join('\n')}\`;
`;
}

function main() {
  const at = process.argv.indexOf('--standard');
  const folder = at < 0 ? undefined : process.argv[at + 1];
  if (folder === undefined) {
    console.error('usage: node scripts/generate-dicom-tables.mjs --standard DIR [--check]');
    process.exit(2);
  }
  const outputs = {
    'dicom/dictionary.generated.ts': makeDictionary(folder),
    'dicom/confidentiality.generated.ts': makeConfidentiality(folder),
  };
  for (const [file, text] of Object.entries(outputs)) {
    const target = path.join(root, file);
    if (!process.argv.includes('--check')) fs.writeFileSync(target, text);
    else if (fs.readFileSync(target, 'utf8') !== text) {
      console.error(`${file} is not what the standard's tables make`);
      process.exitCode = 1;
    }
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) main();
