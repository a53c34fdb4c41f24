// Beast's own code, compiled once (BOOST_BEAST_SEPARATE_COMPILATION). Asio's is in
// core/base/asio_impl.cpp. Nothing of ours belongs here.
#include <boost/beast/src.hpp>
