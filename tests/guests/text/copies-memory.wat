;; Moves nearly all of its memory by a page with one instruction, over and over. It should become
;; the fault "fuel exhausted" or "timed out".
(memory (export "memory") 16)
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (drop (memory.grow (i32.const 944)))
  (loop $again
    (memory.copy (i32.const 65536) (i32.const 0) (i32.const 62849024))
    (br $again))
  (unreachable))
(func (export "after") (param i32))
