// Asio's own code, compiled once. BOOST_ASIO_SEPARATE_COMPILATION is defined for the whole project:
// every other file sees declarations only, and a room that uses Asio links `syncline_asio`.
// Nothing of ours belongs here.
#include <boost/asio/impl/src.hpp>
