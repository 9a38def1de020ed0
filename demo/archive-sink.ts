import fs from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { ZipFile } from 'yazl';
import type { Disposition, Reason } from '../stages/reasons.ts';

/** What a file of the archive is. */
type DemoFileKind =
  | 'ct-image'
  | 'localizer'
  | 'dose-report'
  | 'secondary-capture'
  | 'screen-save'
  | 'mip'
  | 'bolus-tracking'
  | 'radiograph'
  | 'duplicate'
  | 'truncated'
  | 'text'
  | 'document'
  | 'empty'
  | 'dicomdir';

/** A source file of the archive and what a run of the shipped pipeline should make of it. */
export interface ExpectedFile {
  /** Relative to the archive, with forward slashes. */
  path: string;
  /** Name of the member when `path` is a ZIP or TAR. */
  member: string | null;
  bytes: number;
  kind: DemoFileKind;
  disposition: Disposition;
  reason: Reason | null;
  /** Files with equal bytes share a group; a run keeps one of them, whichever it chooses. Null: no copy exists. */
  duplicateGroup: string | null;
  /** Name of the expected series, null for files of none. */
  series: string | null;
}

export type Expectation = Pick<ExpectedFile, 'kind' | 'disposition' | 'reason' | 'series'>;

/** Collects the files of an archive: plain ones are written at once, members when `close` packs their container. */
export interface ArchiveSink {
  write(relative: string, bytes: Uint8Array, expectation: Expectation): void;
  /** Writes a copy of a file under another name; both are noted as one group of equal files. */
  copy(from: string, to: string): void;
  addMember(container: string, member: string, bytes: Uint8Array, expectation: Expectation): void;
  /** Packs the containers. @returns every file, sorted by path and member, and the containers' paths. */
  close(): Promise<{ files: ExpectedFile[]; containers: string[] }>;
}

/** File times are fixed, so that an archive is equal down to its metadata. */
const FILE_TIME = new Date(Date.UTC(2024, 0, 2, 12));

async function packZip(members: readonly [string, Uint8Array][]): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, bytes] of members) {
    // ZIP's DOS time is local time: this one reads the same in every zone, and without the UTC field beside it the
    // zone of the machine stays out of the bytes.
    const mtime = new Date(2024, 0, 2, 12);
    zip.addBuffer(Buffer.from(bytes), name, { mtime, mode: 0o100644, forceDosTimestamp: true });
  }
  zip.end();
  return buffer(zip.outputStream);
}

async function packTar(members: readonly [string, Uint8Array][]): Promise<Buffer> {
  const tar = pack();
  for (const [name, bytes] of members) {
    tar.entry({ name, mode: 0o644, mtime: FILE_TIME }, Buffer.from(bytes));
  }
  tar.finalize();
  return buffer(tar);
}

const byPath = (a: ExpectedFile, b: ExpectedFile): number => {
  const left = `${a.path}\0${a.member ?? ''}`;
  const right = `${b.path}\0${b.member ?? ''}`;
  return left < right ? -1 : left > right ? 1 : 0;
};

/** A sink over an empty or missing folder. @throws Error when the folder has content. */
export function openArchiveSink(folder: string): ArchiveSink {
  fs.mkdirSync(folder, { recursive: true });
  if (fs.readdirSync(folder).length > 0) throw new Error('The folder for the archive is not empty.');
  const files: ExpectedFile[] = [];
  const containers = new Map<string, [string, Uint8Array][]>();
  const madeFolders = new Set<string>();

  const put = (relative: string, bytes: Uint8Array): void => {
    const target = path.join(folder, relative);
    const parent = path.dirname(target);
    if (!madeFolders.has(parent)) {
      fs.mkdirSync(parent, { recursive: true });
      madeFolders.add(parent);
    }
    fs.writeFileSync(target, bytes, { flag: 'wx' });
    fs.utimesSync(target, FILE_TIME, FILE_TIME);
  };
  const note = (
    relative: string,
    member: string | null,
    bytes: Uint8Array,
    expectation: Expectation,
  ): void => {
    files.push({
      path: relative,
      member,
      bytes: bytes.length,
      kind: expectation.kind,
      disposition: expectation.disposition,
      reason: expectation.reason,
      duplicateGroup: null,
      series: expectation.series,
    });
  };

  return {
    write(relative, bytes, expectation) {
      put(relative, bytes);
      note(relative, null, bytes, expectation);
    },
    copy(from, to) {
      const original = files.find((file) => file.path === from && file.member === null);
      if (original === undefined) throw new Error('There is no such file to copy.');
      original.duplicateGroup = from;
      put(to, fs.readFileSync(path.join(folder, from)));
      const verdict = { kind: 'duplicate', disposition: 'duplicate', reason: 'duplicate-instance' } as const;
      files.push({ ...original, ...verdict, path: to });
    },
    addMember(container, member, bytes, expectation) {
      const members = containers.get(container) ?? [];
      members.push([member, bytes]);
      containers.set(container, members);
      note(container, member, bytes, expectation);
    },
    async close() {
      for (const [container, members] of containers) {
        put(container, container.endsWith('.zip') ? await packZip(members) : await packTar(members));
      }
      return { files: files.sort(byPath), containers: [...containers.keys()].sort() };
    },
  };
}
