# Runs an example and checks what it says: exit status 0 (77: skipped), and a last line that matches
# LAST_LINE.
#   cmake -DCOMMAND=<program|argument|...> -DLAST_LINE=<regular expression> -P run_example.cmake
string(REPLACE "|" ";" COMMAND "${COMMAND}")
execute_process(COMMAND ${COMMAND} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE errors)
message("${output}${errors}")
if(status EQUAL 77)
    return()
endif()
if(NOT status EQUAL 0)
    message(FATAL_ERROR "exit status ${status}")
endif()
string(STRIP "${output}" output)
string(REGEX REPLACE "^.*\n" "" last_line "${output}")
if(NOT last_line MATCHES "${LAST_LINE}")
    message(FATAL_ERROR "the last line is '${last_line}', expected '${LAST_LINE}'")
endif()
