;; Fills nearly all of its memory with one instruction, over and over. Fuel counts the bytes of
;; such an instruction, and the epoch is seen between two of them: it should become the fault
;; "fuel exhausted" or "timed out".
(memory (export "memory") 16)
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (drop (memory.grow (i32.const 944)))
  (loop $again
    (memory.fill (i32.const 0) (i32.const 1) (i32.const 62914560))
    (br $again))
  (unreachable))
(func (export "after") (param i32))
