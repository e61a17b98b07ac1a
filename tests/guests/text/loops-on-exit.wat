;; Answers `unchanged`, but never cleans up: it loops when the host has read the answer and
;; lets it free its memory. Either the host does not call that, or it should become the fault
;; "fuel exhausted" or "timed out".
(memory (export "memory") 16)
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (i32.const 0))
(func (export "after") (param i32)
  (loop $again (br $again)))
