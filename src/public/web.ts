/**
 * Channels as Web Streams: bytes in, records or pieces out, and bytes again, with back-pressure. No I/O of its own.
 *
 * @module
 */
export {
  type ChannelPiece,
  grammarFor,
  type IdentifiedStream,
  identifyStream,
  type IdentifyStreamOptions,
  isWhole,
  PIECE_LIMIT,
  PieceStream,
  RecordStream,
  SerialiseStream,
} from "../web/mod.ts";
