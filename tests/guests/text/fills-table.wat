;; Fills all of a large table with one instruction, over and over. It should become the fault
;; "fuel exhausted" or "timed out".
(memory (export "memory") 16)
(table $table 1 funcref)
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (drop (table.grow $table (ref.null func) (i32.const 99000)))
  (loop $again
    (table.fill $table (i32.const 0) (ref.null func) (i32.const 99000))
    (br $again))
  (unreachable))
(func (export "after") (param i32))
