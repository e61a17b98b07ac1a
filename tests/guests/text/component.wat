;; Makes a component that exports transform-response out of the fields of a core module,
;; which a test puts in the place of MODULE_FIELDS. It is for what Rust cannot express.
;;
;; The module exports `memory`, `realloc`, `transform` and `after`, which the host calls
;; when it has read the answer. `transform` returns where its answer lies in memory: a
;; byte for ok or error, and four bytes further one for the outcome, so that zeros are
;; `unchanged`.
(component
  (core module $main MODULE_FIELDS)
  (core instance $main (instantiate $main))

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
    (canon lift (core func $main "transform")
      (memory (core memory $main "memory"))
      (realloc (core func $main "realloc"))
      (post-return (core func $main "after"))))
  (instance $named (instantiate $named
    (with "json-type" (type $json))
    (with "invocation-type" (type $invocation))
    (with "outcome-type" (type $outcome))
    (with "failure-type" (type $failure))
    (with "transform-function" (func $transform))))
  (export "retort:transform/transform-response@0.1.0" (instance $named)))
