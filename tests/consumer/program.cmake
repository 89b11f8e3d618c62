# Installs the program of BUILD to PREFIX and asks it for its version. Run by `cmake -P`.
cmake_minimum_required(VERSION 3.22)
file(REMOVE_RECURSE "${PREFIX}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --component mgan_program --prefix "${PREFIX}"
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${PREFIX}/bin/mgan" --version OUTPUT_VARIABLE _said COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "." "\\." _pattern "${VERSION}")
if(NOT _said MATCHES "^mgan ${_pattern} \\([a-z0-9]+\\)\n$")
    message(FATAL_ERROR "mgan --version says \"${_said}\", the version of CMake is ${VERSION}")
endif()
