;; Never takes its arguments: it loops while the host asks it where to put them. It should
;; become the fault "fuel exhausted" or "timed out".
(memory (export "memory") 16)
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (loop $again (br $again))
  (unreachable))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (i32.const 0))
(func (export "after") (param i32))
