# Flags of mgan's own programs, tests and benchmarks. Nothing here reaches a user of the library.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# Warnings, and with them (mgan_own_flags) what MGAN_NATIVE and MGAN_SANITIZE ask for.
add_library(mgan_own_warnings INTERFACE)
add_library(mgan_own_flags INTERFACE)
target_link_libraries(mgan_own_flags INTERFACE mgan_own_warnings)
if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(mgan_own_warnings INTERFACE
        -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wdouble-promotion -Wold-style-cast)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # False alarms inside the AVX-512 intrinsics of gcc 12 (gcc bug 105593).
        target_compile_options(mgan_own_warnings INTERFACE -Wno-maybe-uninitialized -Wno-uninitialized)
    endif()
    if(MGAN_WERROR)
        target_compile_options(mgan_own_warnings INTERFACE -Werror)
    endif()
    if(MGAN_NATIVE)
        target_compile_options(mgan_own_flags INTERFACE -march=native)
    endif()
    if(MGAN_SANITIZE)
        target_compile_options(mgan_own_flags INTERFACE
            -fsanitize=${MGAN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
        target_link_options(mgan_own_flags INTERFACE -fsanitize=${MGAN_SANITIZE})
    endif()
endif()

# The classes of processors of x86-64, as core/processor_class.hpp asks for them.
set(MGAN_FLAGS_sse2 "")
set(MGAN_FLAGS_avx2 -mavx2 -mfma)
set(MGAN_FLAGS_avx512 ${MGAN_FLAGS_avx2} -mavx512f -mavx512dq -mavx512bw -mavx512vl)

find_program(MGAN_CCACHE ccache)
if(MGAN_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${MGAN_CCACHE}")
endif()
