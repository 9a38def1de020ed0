/** Command sets: implicit VR little endian, group 0000. PS3.7 section 6.3 and annex E. */
import { encodeElement } from '../dicom/encode.ts';
import { DimseError } from './errors.ts';

export const COMMAND = {
  storeRequest: 0x0001,
  getRequest: 0x0010,
  findRequest: 0x0020,
  moveRequest: 0x0021,
  echoRequest: 0x0030,
  cancelRequest: 0x0fff,
  /** Set in the Command Field of responses. */
  response: 0x8000,
} as const;

export const STATUS = {
  success: 0x0000,
  pending: 0xff00,
  /** Pending; some optional keys were not matched. */
  pendingWithWarning: 0xff01,
  outOfResources: 0xa700,
  cannotUnderstand: 0xc000,
  notAuthorized: 0x0124,
  sopClassNotSupported: 0x0122,
  unrecognizedOperation: 0x0211,
} as const;

/** Of Command Data Set Type: no data set follows. */
const NO_DATASET = 0x0101;

/** A command by its fields; only those that this program uses. */
export interface DimseCommand {
  field: number;
  messageId: number;
  messageIdRespondedTo?: number;
  sopClassUid?: string;
  sopInstanceUid?: string;
  status?: number;
  hasDataset: boolean;
  moveDestination?: string;
  remaining?: number;
  completed?: number;
  failed?: number;
  warning?: number;
}

const TAG = {
  groupLength: 0x00000000,
  sopClassUid: 0x00000002,
  field: 0x00000100,
  messageId: 0x00000110,
  messageIdRespondedTo: 0x00000120,
  moveDestination: 0x00000600,
  priority: 0x00000700,
  datasetType: 0x00000800,
  status: 0x00000900,
  sopInstanceUid: 0x00001000,
  remaining: 0x00001020,
  completed: 0x00001021,
  failed: 0x00001022,
  warning: 0x00001023,
} as const;

const IMPLICIT = { explicitVr: false, littleEndian: true };

export function encodeCommand(command: DimseCommand): Buffer {
  const isRequest = (command.field & COMMAND.response) === 0;
  const elements: [number, string, string | number | undefined][] = [
    [TAG.sopClassUid, 'UI', command.sopClassUid],
    [TAG.field, 'US', command.field],
    [TAG.messageId, 'US', isRequest ? command.messageId : undefined],
    [TAG.messageIdRespondedTo, 'US', command.messageIdRespondedTo],
    [TAG.moveDestination, 'AE', command.moveDestination],
    [TAG.priority, 'US', isRequest && command.field !== COMMAND.echoRequest ? 0 : undefined],
    [TAG.datasetType, 'US', command.hasDataset ? 0x0001 : NO_DATASET],
    [TAG.status, 'US', command.status],
    [TAG.sopInstanceUid, 'UI', command.sopInstanceUid],
  ];
  const body = Buffer.concat(
    elements.flatMap(([tag, vr, value]) =>
      value === undefined ? [] : [encodeElement(tag, vr, value, IMPLICIT)],
    ),
  );
  return Buffer.concat([encodeElement(TAG.groupLength, 'UL', body.length, IMPLICIT), body]);
}

/** @throws DimseError bad-pdu */
export function decodeCommand(bytes: Buffer): DimseCommand {
  const values = new Map<number, Buffer>();
  for (let offset = 0; offset < bytes.length; ) {
    if (offset + 8 > bytes.length) throw new DimseError('bad-pdu');
    const tag = bytes.readUInt16LE(offset) * 0x10000 + bytes.readUInt16LE(offset + 2);
    const end = offset + 8 + bytes.readUInt32LE(offset + 4);
    if (end > bytes.length) throw new DimseError('bad-pdu');
    values.set(tag, bytes.subarray(offset + 8, end));
    offset = end;
  }
  const number = (tag: number) => {
    const value = values.get(tag);
    return value === undefined || value.length < 2 ? undefined : value.readUInt16LE(0);
  };
  const text = (tag: number) =>
    values
      .get(tag)
      ?.toString('latin1')
      .replace(/[\0 ]+$/, '');
  const field = number(TAG.field);
  if (field === undefined) throw new DimseError('bad-pdu');
  const optional = {
    messageIdRespondedTo: number(TAG.messageIdRespondedTo),
    sopClassUid: text(TAG.sopClassUid),
    sopInstanceUid: text(TAG.sopInstanceUid),
    status: number(TAG.status),
    moveDestination: text(TAG.moveDestination),
    remaining: number(TAG.remaining),
    completed: number(TAG.completed),
    failed: number(TAG.failed),
    warning: number(TAG.warning),
  };
  const told = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  const hasDataset = (number(TAG.datasetType) ?? NO_DATASET) !== NO_DATASET;
  return { field, messageId: number(TAG.messageId) ?? 0, hasDataset, ...told };
}

/** The answer to a request, without a data set. */
export function responseTo(request: DimseCommand, status: number): DimseCommand {
  const { sopClassUid, sopInstanceUid } = request;
  return {
    field: request.field | COMMAND.response,
    messageId: 0,
    messageIdRespondedTo: request.messageId,
    hasDataset: false,
    status,
    ...(sopClassUid === undefined ? {} : { sopClassUid }),
    ...(sopInstanceUid === undefined ? {} : { sopInstanceUid }),
  };
}
