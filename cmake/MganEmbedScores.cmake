# The bundled corpus: data/scores/*.score as string literals, so that a program carries its music with
# it and needs no file at run time.
#
#   target mgan_bundled_scores   STATIC, `bundled_score_texts()` of program/bundled_corpus.hpp
#
# For mgan's own program and tests; never exported. A changed or new score file builds it anew.

include_guard(GLOBAL)

function(mgan_embed_scores target folder)
    file(GLOB _scores CONFIGURE_DEPENDS "${folder}/*.score")
    list(SORT _scores)
    set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${_scores})
    set(_code "// Made by cmake/MganEmbedScores.cmake from data/scores; do not edit.\n")
    string(APPEND _code "#include \"bundled_corpus.hpp\"\n\n#include <array>\n\nnamespace {\n")
    string(APPEND _code "using mgan::program::BundledScore;\n")
    list(LENGTH _scores _count)
    string(APPEND _code "const std::array<BundledScore, ${_count}> kScores{{\n")
    foreach(_file IN LISTS _scores)
        get_filename_component(_name "${_file}" NAME)
        file(READ "${_file}" _text)
        string(APPEND _code "{\"${_name}\", R\"mgan_score(${_text})mgan_score\"},\n")
    endforeach()
    string(APPEND _code "}};\n}  // namespace\n\n")
    string(APPEND _code "std::span<const mgan::program::BundledScore> mgan::program::bundled_score_texts() {\n")
    string(APPEND _code "    return kScores;\n}\n")
    set(_source "${PROJECT_BINARY_DIR}/mgan_bundled_scores/bundled_scores.cpp")
    # Written only when it differs, so that a new configuration compiles nothing without need.
    file(GENERATE OUTPUT "${_source}" CONTENT "${_code}")
    add_library(${target} STATIC "${_source}")
    target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}/program")
    target_link_libraries(${target} PUBLIC mgan::midi PRIVATE mgan_own_flags)
endfunction()

if(NOT TARGET mgan_bundled_scores)
    mgan_embed_scores(mgan_bundled_scores "${PROJECT_SOURCE_DIR}/data/scores")
endif()
