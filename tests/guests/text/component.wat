;; Makes a component that exports transform-response out of the fields of a core module,
;; which a test puts in the place of MODULE_FIELDS. It is for what Rust cannot express. A
;; guest with the comment `string-encoding=utf16` has its strings in that encoding.
;;
;; The module exports `memory`, `realloc`, `transform` and `after`, which the host calls
;; when it has read the answer. `transform` returns where its answer lies in memory: a
;; byte for ok or error, and four bytes further one for the outcome, so that zeros are
;; `unchanged`. It may import `resource-new` and `resource-drop` from `host`, of a resource of
;; its own.
;;
;; For a payload of 10 characters, which is {"tame":1}, the module is left alone and the answer
;; is `unchanged`, so that a test can see a good call of the same assistant. Every module has
;; more than a page of memory, and zeros at the end of the first.
(component
  (core module $main MODULE_FIELDS)
  (type $thing (resource (rep i32)))
  (core func $resource-new (canon resource.new $thing))
  (core func $resource-drop (canon resource.drop $thing))
  (core instance $host
    (export "resource-new" (func $resource-new))
    (export "resource-drop" (func $resource-drop)))
  (core instance $main (instantiate $main (with "host" (instance $host))))

  (core module $gate
    (import "main" "transform" (func $transform
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
      (result i32)))
    (import "main" "after" (func $after (param i32)))
    (func (export "transform")
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
      (result i32)
      (if (i32.eq (local.get 14) (i32.const 10))
        (then (return (i32.const 65520))))
      (call $transform
        (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
        (local.get 5) (local.get 6) (local.get 7) (local.get 8) (local.get 9)
        (local.get 10) (local.get 11) (local.get 12) (local.get 13) (local.get 14)))
    (func (export "after") (param i32)
      (if (i32.ne (local.get 0) (i32.const 65520))
        (then (call $after (local.get 0))))))
  (core instance $gate (instantiate $gate (with "main" (instance $main))))

  (component $named
    (type $json' string)
    (import "json-type" (type $json (eq $json')))
    (type $invocation' (record
      (field "tenant" string)
      (field "assistant" string)
      (field "request-id" string)
      (field "event" string)
      (field "options" $json)
      (field "settings" $json)
      (field "milliseconds-left" u32)))
    (import "invocation-type" (type $invocation (eq $invocation')))
    (type $outcome' (variant
      (case "unchanged")
      (case "replaced" $json)
      (case "merge-patch" $json)
      (case "json-patch" $json)))
    (import "outcome-type" (type $outcome (eq $outcome')))
    (type $failure' (variant
      (case "not-for-me" string)
      (case "service-failed" string)
      (case "failed" string)))
    (import "failure-type" (type $failure (eq $failure')))
    (import "transform-function" (func $transform
      (param "invocation" $invocation)
      (param "payload" $json)
      (result (result $outcome (error $failure)))))
    (export $json-out "json" (type $json))
    (export $invocation-out "invocation" (type $invocation))
    (export $outcome-out "outcome" (type $outcome))
    (export $failure-out "failure" (type $failure))
    (export "transform" (func $transform) (func
      (param "invocation" $invocation-out)
      (param "payload" $json-out)
      (result (result $outcome-out (error $failure-out))))))

  (type $json string)
  (type $invocation (record
    (field "tenant" string)
    (field "assistant" string)
    (field "request-id" string)
    (field "event" string)
    (field "options" $json)
    (field "settings" $json)
    (field "milliseconds-left" u32)))
  (type $outcome (variant
    (case "unchanged")
    (case "replaced" $json)
    (case "merge-patch" $json)
    (case "json-patch" $json)))
  (type $failure (variant
    (case "not-for-me" string)
    (case "service-failed" string)
    (case "failed" string)))
  (func $transform
    (param "invocation" $invocation)
    (param "payload" $json)
    (result (result $outcome (error $failure)))
    (canon lift (core func $gate "transform")
      string-encoding=utf8
      (memory (core memory $main "memory"))
      (realloc (core func $main "realloc"))
      (post-return (core func $gate "after"))))
  (instance $named (instantiate $named
    (with "json-type" (type $json))
    (with "invocation-type" (type $invocation))
    (with "outcome-type" (type $outcome))
    (with "failure-type" (type $failure))
    (with "transform-function" (func $transform))))
  (export "retort:transform/transform-response@0.1.0" (instance $named)))
