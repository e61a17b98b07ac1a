;; Grows a table by one element at a time, which should become the fault "table refused", and
;; traps where it is refused.
(memory (export "memory") 16)
(table $table 1 funcref)
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (loop $again
    (br_if $again (i32.ne (table.grow $table (ref.null func) (i32.const 1)) (i32.const -1))))
  (unreachable))
(func (export "after") (param i32))
