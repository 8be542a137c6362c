namespace Pantry.PowerShell.Tests;

public sealed class Placeholder
{
}
