namespace Pantry.PowerShell;

internal static class Placeholder;
