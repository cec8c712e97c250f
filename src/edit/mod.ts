/** Captures that are changed: fields, records, order, ends, bits; what depends on them is made right again. @module */
export * from "./edit.ts";
export { editCapture, type EditedCapture, type EditOptions } from "./edit_capture.ts";
export { EditError, type EditErrorCode, type Misnomer } from "./edit_error.ts";
export { editText } from "./edit_text.ts";
export type { NumberRange } from "./numbers.ts";
export { EDIT_ACTIONS, parseEdit, type ParseEditOptions } from "./parse_edit.ts";
export {
  CHANGE_LIMIT,
  EDIT_FORMAT,
  type EditChange,
  type EditedChannel,
  type EditReport,
  type EditValue,
} from "./report.ts";
export { type PageRange, type Selector, SELECTOR_KEYS, type SelectorKey } from "./selector.ts";
