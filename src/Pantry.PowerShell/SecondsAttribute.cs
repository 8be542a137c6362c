using System.Globalization;
using System.Management.Automation;

namespace Pantry.PowerShell;

/// <summary>Lets a TimeSpan parameter take plain numbers as seconds; PowerShell itself would read them as ticks.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecondsAttribute : ArgumentTransformationAttribute
{
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        double? seconds = value switch
        {
            string text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null,
            byte or sbyte or short or ushort or int or uint or long or ulong or float or double or decimal => Convert.ToDouble(value, CultureInfo.InvariantCulture),
            _ => null,
        };
        if (seconds is not { } given)
            return inputData;
        return given is > 0 and <= int.MaxValue
            ? TimeSpan.FromSeconds(given)
            : throw new ArgumentTransformationMetadataException($"{given} is no time: give a number of seconds above 0, or a TimeSpan.");
    }
}
