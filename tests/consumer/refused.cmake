# One program that must not compile, and its twin that must:
#
#     cmake -DCASE=refused/name.cpp -DCOMPILER=... -DINCLUDE="folder;..." -P refused.cmake
#
# CASE is compiled twice. Without REFUSED it must compile: then an error with REFUSED is the one that
# is meant, not a slip. With REFUSED it must fail, and each comment `// Message: text` of the file must
# be found in what the compiler says. `// Flags: ...` adds flags to both.
file(STRINGS "${CASE}" _messages REGEX "^// Message: ")
file(STRINGS "${CASE}" _flags REGEX "^// Flags: ")
string(REGEX REPLACE "^// Flags: " "" _flags "${_flags}")
separate_arguments(_flags UNIX_COMMAND "${_flags}")
set(_includes "")
foreach(_folder IN LISTS INCLUDE)
    list(APPEND _includes -isystem "${_folder}")
endforeach()
if(NOT _messages)
    message(FATAL_ERROR "${CASE} does not say which message it expects (// Message: ...)")
endif()

set(_compile "${COMPILER}" -std=c++20 -fsyntax-only "-I${TREE}/include" ${_includes} ${_flags} "${CASE}")
execute_process(COMMAND ${_compile} RESULT_VARIABLE _status ERROR_VARIABLE _said)
if(NOT _status EQUAL 0)
    message(FATAL_ERROR "the twin of ${CASE} does not compile:\n${_said}")
endif()
execute_process(COMMAND ${_compile} -DREFUSED RESULT_VARIABLE _status ERROR_VARIABLE _said)
if(_status EQUAL 0)
    message(FATAL_ERROR "${CASE} compiles with REFUSED")
endif()
foreach(_message IN LISTS _messages)
    string(REGEX REPLACE "^// Message: " "" _message "${_message}")
    string(FIND "${_said}" "${_message}" _place)
    if(_place EQUAL -1)
        message(FATAL_ERROR "${CASE} is refused without \"${_message}\":\n${_said}")
    endif()
endforeach()
