"""The source of exported programs: copied into their folders by `workbench.export.copying`, never run by the workbench itself."""
