;; Wants more memory and a larger table than it may have, is refused, and asks again without end.
;; It should become the fault "fuel exhausted" or "timed out".
(memory (export "memory") 16)
(table $table 1 funcref)
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (loop $again
    (drop (memory.grow (i32.const 60000)))
    (drop (table.grow $table (ref.null func) (i32.const 100000)))
    (br $again))
  (unreachable))
(func (export "after") (param i32))
