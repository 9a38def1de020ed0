/** Protocol data units of the DICOM upper layer. PS3.8 section 9.3. All numbers are big endian. */
import { DimseError } from './errors.ts';

export const PDU = {
  associateRequest: 0x01,
  associateAccept: 0x02,
  associateReject: 0x03,
  data: 0x04,
  releaseRequest: 0x05,
  releaseResponse: 0x06,
  abort: 0x07,
} as const;

const APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1';

/** What one side would send or take: a SOP class in some transfer syntaxes. */
export interface ProposedContext {
  /** Odd, 1 to 255. */
  id: number;
  abstractSyntax: string;
  transferSyntaxes: string[];
}

export interface AcceptedContext {
  id: number;
  /** 0: accepted; see PS3.8 table 9-18. */
  result: number;
  transferSyntax: string;
}

/** Who may be the provider of a SOP class: of use for C-GET, where instances come back. PS3.7 section D.3.3.4 */
export interface RoleSelection {
  abstractSyntax: string;
  scu: boolean;
  scp: boolean;
}

export interface AssociateRequest {
  calledAeTitle: string;
  callingAeTitle: string;
  contexts: ProposedContext[];
  /** Largest P-DATA that the sender takes; 0: any. */
  maxPduBytes: number;
  roles: RoleSelection[];
}

export interface AssociateAccept {
  calledAeTitle: string;
  callingAeTitle: string;
  contexts: AcceptedContext[];
  maxPduBytes: number;
  roles: RoleSelection[];
}

/** A piece of a message. */
export interface DataValue {
  contextId: number;
  isCommand: boolean;
  isLast: boolean;
  data: Buffer;
}

/** Who we are in every association, as in the File Meta of what we write. */
export interface Implementation {
  classUid: string;
  versionName: string;
}

function encodePdu(type: number, body: Uint8Array): Buffer {
  const pdu = Buffer.alloc(6 + body.length);
  pdu[0] = type;
  pdu.writeUInt32BE(body.length, 2);
  pdu.set(body, 6);
  return pdu;
}

export function encodeAssociateRequest(request: AssociateRequest, implementation: Implementation): Buffer {
  const contexts = request.contexts.map(({ id, abstractSyntax, transferSyntaxes }) =>
    item(0x20, [
      Buffer.of(id, 0, 0, 0),
      item(0x30, [text(abstractSyntax)]),
      ...transferSyntaxes.map((syntax) => item(0x40, [text(syntax)])),
    ]),
  );
  return encodePdu(PDU.associateRequest, associateBody(request, contexts, implementation));
}

export function encodeAssociateAccept(accept: AssociateAccept, implementation: Implementation): Buffer {
  const contexts = accept.contexts.map(({ id, result, transferSyntax }) =>
    item(0x21, [Buffer.of(id, 0, result, 0), item(0x40, [text(transferSyntax)])]),
  );
  return encodePdu(PDU.associateAccept, associateBody(accept, contexts, implementation));
}

function associateBody(
  { calledAeTitle, callingAeTitle, maxPduBytes, roles }: Omit<AssociateRequest, 'contexts'>,
  contexts: Buffer[],
  implementation: Implementation,
): Buffer {
  const fixed = Buffer.alloc(68);
  fixed.writeUInt16BE(1, 0);
  fixed.write(calledAeTitle.padEnd(16), 4, 16, 'latin1');
  fixed.write(callingAeTitle.padEnd(16), 20, 16, 'latin1');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(maxPduBytes);
  const selections = roles.map(({ abstractSyntax, scu, scp }) => {
    const uidLength = Buffer.alloc(2);
    uidLength.writeUInt16BE(abstractSyntax.length);
    return item(0x54, [uidLength, text(abstractSyntax), Buffer.of(scu ? 1 : 0, scp ? 1 : 0)]);
  });
  const user = item(0x50, [
    item(0x51, [length]),
    item(0x52, [text(implementation.classUid)]),
    ...selections,
    item(0x55, [text(implementation.versionName)]),
  ]);
  return Buffer.concat([fixed, item(0x10, [text(APPLICATION_CONTEXT)]), ...contexts, user]);
}

function item(type: number, parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(4);
  head[0] = type;
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}

const text = (value: string) => Buffer.from(value, 'latin1');

/** @throws DimseError bad-pdu */
export function decodeAssociateRequest(body: Buffer): AssociateRequest {
  const contexts: ProposedContext[] = [];
  const common = decodeAssociate(body, (type, value) => {
    if (type !== 0x20) return;
    const context: ProposedContext = { id: value[0] ?? 0, abstractSyntax: '', transferSyntaxes: [] };
    for (const inner of items(value.subarray(4))) {
      if (inner.type === 0x30) context.abstractSyntax = uidOf(inner.value);
      if (inner.type === 0x40) context.transferSyntaxes.push(uidOf(inner.value));
    }
    contexts.push(context);
  });
  return { ...common, contexts };
}

/** @throws DimseError bad-pdu */
export function decodeAssociateAccept(body: Buffer): AssociateAccept {
  const contexts: AcceptedContext[] = [];
  const common = decodeAssociate(body, (type, value) => {
    if (type !== 0x21) return;
    const [inner] = items(value.subarray(4));
    const transferSyntax = inner?.type === 0x40 ? uidOf(inner.value) : '';
    contexts.push({ id: value[0] ?? 0, result: value[2] ?? 4, transferSyntax });
  });
  return { ...common, contexts };
}

function decodeAssociate(
  body: Buffer,
  take: (type: number, value: Buffer) => void,
): Omit<AssociateRequest, 'contexts'> {
  if (body.length < 68) throw new DimseError('bad-pdu');
  const roles: RoleSelection[] = [];
  let maxPduBytes = 0;
  for (const { type, value } of items(body.subarray(68))) {
    take(type, value);
    if (type !== 0x50) continue;
    for (const inner of items(value)) {
      if (inner.type === 0x51 && inner.value.length >= 4) maxPduBytes = inner.value.readUInt32BE(0);
      if (inner.type !== 0x54 || inner.value.length < 4) continue;
      const length = inner.value.readUInt16BE(0);
      const abstractSyntax = uidOf(inner.value.subarray(2, 2 + length));
      roles.push({ abstractSyntax, scu: inner.value[2 + length] === 1, scp: inner.value[3 + length] === 1 });
    }
  }
  const title = (from: number) => body.toString('latin1', from, from + 16).trim();
  return { calledAeTitle: title(4), callingAeTitle: title(20), maxPduBytes, roles };
}

function* items(bytes: Buffer): Generator<{ type: number; value: Buffer }> {
  for (let offset = 0; offset < bytes.length; ) {
    if (offset + 4 > bytes.length) throw new DimseError('bad-pdu');
    const end = offset + 4 + bytes.readUInt16BE(offset + 2);
    if (end > bytes.length) throw new DimseError('bad-pdu');
    yield { type: bytes[offset]!, value: bytes.subarray(offset + 4, end) };
    offset = end;
  }
}

/** Some implementations pad UIDs, as data sets do. */
function uidOf(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[\0 ]+$/, '');
}

/** Pieces of messages in a P-DATA-TF. @throws DimseError bad-pdu */
export function* decodeData(body: Buffer): Generator<DataValue> {
  for (let offset = 0; offset < body.length; ) {
    if (offset + 6 > body.length) throw new DimseError('bad-pdu');
    const length = body.readUInt32BE(offset);
    const end = offset + 4 + length;
    if (length < 2 || end > body.length) throw new DimseError('bad-pdu');
    const control = body[offset + 5]!;
    yield {
      contextId: body[offset + 4]!,
      isCommand: (control & 1) !== 0,
      isLast: (control & 2) !== 0,
      data: body.subarray(offset + 6, end),
    };
    offset = end;
  }
}

/** A command or a data set, cut into P-DATA-TFs of at most `maxPduBytes` (0: any). */
export function* encodeData(
  contextId: number,
  isCommand: boolean,
  data: Uint8Array,
  maxPduBytes: number,
): Generator<Buffer> {
  const room = Math.max(1, (maxPduBytes === 0 ? 65_536 : Math.min(maxPduBytes, 65_536)) - 6);
  for (let offset = 0; offset === 0 || offset < data.length; offset += room) {
    const piece = data.subarray(offset, offset + room);
    const value = Buffer.alloc(6 + piece.length);
    value.writeUInt32BE(piece.length + 2, 0);
    value[4] = contextId;
    value[5] = (isCommand ? 1 : 0) | (offset + room >= data.length ? 2 : 0);
    value.set(piece, 6);
    yield encodePdu(PDU.data, value);
  }
}

/** @param reason PS3.8 table 9-21, with source 1 (service user) */
export function encodeReject(result: number, source: number, reason: number): Buffer {
  return encodePdu(PDU.associateReject, Uint8Array.of(0, result, source, reason));
}

export function encodeAbort(): Buffer {
  return encodePdu(PDU.abort, Uint8Array.of(0, 0, 0, 0));
}

export function encodeRelease(type: 0x05 | 0x06): Buffer {
  return encodePdu(type, Buffer.alloc(4));
}
