#pragma once
// Catch2 2 and 3 under one include.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

// Says why a test is left out, visibly, and leaves it: for data or programs that are not part of
// the project.
#define MGAN_SKIP(reason)              \
    do {                               \
        WARN("skipped: " << (reason)); \
        return;                        \
    } while (false)
