# Steps of the consumer tests, run by `cmake -P`. STEP is one of
#   install   installs mgan to PREFIX, from a fresh configuration in WORK, and checks what is exported
#   player    installs headers and the library mgan_player from the build BUILD to PREFIX, moves it, and
#             compiles the program of tests/consumer/player.cpp with the flags that pkg-config names
#   use       configures KIND (installed, subdirectory, fetched) in WORK, builds it, runs its tests
#   refuse    configures KIND, which must fail with words that match EXPECT
#   pkgconfig compiles the programs PARTS against PREFIX with the flags that pkg-config names, runs them
#   conan     makes the Conan package with the system's libraries, and what its recipe tests
#   vcpkg     runs the vcpkg port with the features PARTS
#   package   packs the build WORK as .tar.gz and .deb, and looks into both
# TREE is mgan's own; COMPILER and GENERATOR are those of the build that runs the tests. OPTIONS are
# further arguments of the configuration, separated by blanks.
cmake_minimum_required(VERSION 3.22)

separate_arguments(OPTIONS)
set(_options -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${COMPILER}" ${OPTIONS})
# What whoever runs the tests has set must not decide them.
foreach(_variable IN ITEMS CXXFLAGS CMAKE_BUILD_TYPE CMAKE_PREFIX_PATH)
    unset(ENV{${_variable}})
endforeach()

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE _status OUTPUT_VARIABLE _output ERROR_VARIABLE _output)
    if(NOT _status EQUAL 0)
        list(JOIN ARGN " " _command)
        message(FATAL_ERROR "${_command}\nended with ${_status}:\n${_output}")
    endif()
endfunction()

if(STEP STREQUAL "package")
    include("${CMAKE_CURRENT_LIST_DIR}/package.cmake")
    return()
endif()
file(REMOVE_RECURSE "${WORK}")
if(STEP STREQUAL "vcpkg")
    include("${CMAKE_CURRENT_LIST_DIR}/vcpkg.cmake")
    return()
endif()
if(STEP STREQUAL "conan")
    file(COPY "${TREE}/packaging/conan/test_package" DESTINATION "${WORK}")
    set(ENV{CONAN_HOME} "${WORK}/home")
    run("${CONAN}" profile detect)
    run("${CONAN}" create "${TREE}/packaging/conan" --no-remote -o "&:system_libraries=True" -s compiler.cppstd=20
        --test-folder "${WORK}/test_package")
    return()
endif()
if(STEP STREQUAL "pkgconfig")
    file(MAKE_DIRECTORY "${WORK}")
    # Moved elsewhere after it was installed: the files must find themselves.
    file(COPY "${PREFIX}/" DESTINATION "${WORK}/moved")
    set(ENV{PKG_CONFIG_PATH} "${WORK}/moved/share/pkgconfig")
    run(pkg-config --validate mgan)
    separate_arguments(PARTS)
    foreach(_part IN LISTS PARTS)
        execute_process(COMMAND pkg-config --cflags --libs mgan-${_part} OUTPUT_VARIABLE _flags
            OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
        separate_arguments(_flags)
        run("${COMPILER}" -std=c++20 "${CMAKE_CURRENT_LIST_DIR}/${_part}.cpp" -o "${WORK}/${_part}" ${_flags})
        run("${WORK}/${_part}")
    endforeach()
    return()
endif()
if(STEP STREQUAL "player")
    file(REMOVE_RECURSE "${PREFIX}" "${WORK}/first")
    foreach(_component IN ITEMS mgan_library mgan_player)
        run("${CMAKE_COMMAND}" --install "${BUILD}" --component ${_component} --prefix "${WORK}/first")
    endforeach()
    # Moved elsewhere after it was installed: the files must find themselves.
    file(RENAME "${WORK}/first" "${PREFIX}")
    file(GLOB_RECURSE _pc "${PREFIX}/*/mgan-player.pc")
    get_filename_component(_pc "${_pc}" DIRECTORY)
    set(ENV{PKG_CONFIG_PATH} "${_pc}")
    execute_process(COMMAND pkg-config --cflags --libs mgan-player OUTPUT_VARIABLE _flags
        OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    separate_arguments(_flags)
    get_filename_component(_libraries "${_pc}" DIRECTORY)
    run("${COMPILER}" -std=c++20 -Wall -Wextra -Wpedantic -Werror -fno-exceptions -fno-rtti
        "${CMAKE_CURRENT_LIST_DIR}/player.cpp" -o "${WORK}/player" ${_flags} "-Wl,-rpath,${_libraries}")
    run("${WORK}/player" "${MODEL}")
    return()
endif()
if(STEP STREQUAL "install")
    file(REMOVE_RECURSE "${PREFIX}")
    run("${CMAKE_COMMAND}" -S "${TREE}" -B "${WORK}" -DMGAN_BUILD_LIBRARY=OFF ${_options}
        -DMGAN_BUILD_PROGRAM=OFF -DMGAN_BUILD_TESTS=OFF -DMGAN_BUILD_BENCHMARKS=OFF)
    run("${CMAKE_COMMAND}" --install "${WORK}" --prefix "${PREFIX}")

    # A user compiles as he wants, on another machine: no warning, no processor, no folder of this one.
    file(GLOB_RECURSE _files "${PREFIX}/*.cmake" "${PREFIX}/*.pc")
    list(LENGTH _files _count)
    if(_count LESS 3)
        message(FATAL_ERROR "installed ${_count} CMake files, expected mganConfig, mganConfigVersion, mgan-midi-targets")
    endif()
    foreach(_file IN LISTS _files)
        file(READ "${_file}" _text)
        foreach(_word IN ITEMS "-W[a-z]" "-march" "-mtune" "-O[0-3s]" "-ffast-math" "-std=" "own_flags")
            if(_text MATCHES "${_word}")
                message(FATAL_ERROR "${_file} exports ${CMAKE_MATCH_0} to every user")
            endif()
        endforeach()
        foreach(_folder IN ITEMS "${TREE}" "${WORK}")
            string(FIND "${_text}" "${_folder}" _place)
            if(NOT _place EQUAL -1)
                message(FATAL_ERROR "${_file} names ${_folder}, which no user has")
            endif()
        endforeach()
        string(REGEX MATCHALL "INTERFACE_COMPILE_DEFINITIONS \"[^\"]*\"" _definitions "${_text}")
        foreach(_definition IN LISTS _definitions)
            if(NOT _definition MATCHES " \"(;?MGAN_HAS_[A-Z]+=1)+\"$")
                message(FATAL_ERROR "${_file} exports ${_definition}; only MGAN_HAS_... is meant to be")
            endif()
        endforeach()
    endforeach()
    return()
endif()

if(PREFIX)
    list(APPEND _options "-DCMAKE_PREFIX_PATH=${PREFIX}")
endif()
string(REPLACE " " ";" _parts "${PARTS}")
string(REPLACE " " ";" _components "${COMPONENTS}")
set(_configure "${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}/${KIND}" -B "${WORK}" ${_options}
    "-DMGAN_TREE=${TREE}")
# Lists as one argument each.
file(WRITE "${WORK}/lists.cmake"
    "set(MGAN_PARTS \"${_parts}\" CACHE STRING \"\")\nset(MGAN_COMPONENTS \"${_components}\" CACHE STRING \"\")\n")
list(APPEND _configure -C "${WORK}/lists.cmake")
if(MODEL)
    list(APPEND _configure "-DMGAN_MODEL=${MODEL}")
endif()

if(STEP STREQUAL "refuse")
    execute_process(COMMAND ${_configure} RESULT_VARIABLE _status OUTPUT_VARIABLE _output ERROR_VARIABLE _output)
    if(_status EQUAL 0 OR NOT _output MATCHES "${EXPECT}")
        message(FATAL_ERROR "ended with ${_status}, expected an error with: ${EXPECT}\n${_output}")
    endif()
    return()
endif()
run(${_configure})
run("${CMAKE_COMMAND}" --build "${WORK}" --parallel 1)
run("${CMAKE_CTEST_COMMAND}" --test-dir "${WORK}" --output-on-failure --no-tests=error)
