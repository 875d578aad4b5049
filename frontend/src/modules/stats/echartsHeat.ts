/** What maps of values need beside the core: heat maps with their scale, and tooltips. A chunk of its own. */
import { HeatmapChart } from 'echarts/charts'
import { TooltipComponent, VisualMapContinuousComponent } from 'echarts/components'
import { use } from 'echarts/core'

use([HeatmapChart, TooltipComponent, VisualMapContinuousComponent])

export default true
