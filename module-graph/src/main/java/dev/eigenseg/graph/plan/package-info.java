/** What a graph would cost on machines that are not there yet: time, memory, disk and network. */
package dev.eigenseg.graph.plan;
