#pragma once
// The message of a ShapeError, to be compared with what it should say.

#include <mgan/core/error.hpp>

#include <string>

namespace mgan_test {

/// The message of the ShapeError that `function` throws.
template <typename Function>
std::string shape_error(Function&& function) {
    try {
        function();
    } catch (const mgan::ShapeError& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace mgan_test
